"""Calendar servers and small web servers on loopback, for any test that wants one."""
