"""The way to calendar services, as the settings say."""

from calwarden.connectors.registry import connectors
from calwarden.net import OutboundRules
from calwarden.ports.connector import ConnectorFactory
from calwarden.settings import Settings
from calwarden.wiring.system import SystemRandom, system_clock


def connector_factory(settings: Settings) -> ConnectorFactory:
    """Connectors that speak to public addresses over https, to what the operator excepts, and on a development server
    without TLS too.
    """
    rules = OutboundRules.of(settings.outbound_allow, https_only=not settings.development)
    return connectors(rules, system_clock, SystemRandom())
