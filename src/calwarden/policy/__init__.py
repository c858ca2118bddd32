"""The permission model: pure, deny by default, small enough to read in one sitting.

Read in this order: ``scopes`` (what an Application may ask for), ``decision`` (what is asked and answered), ``decide``
(the rules), ``view`` (what is shown), ``elevation`` (the extra step), ``explain`` (why not, and what would lift it).
"""
