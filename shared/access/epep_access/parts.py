"""What a service that asks who may see a child puts into its `Service`."""

from epep_access.answers import remember_answers
from epep_access.following import ACCESS, ACCESS_SQL, RELATIONSHIPS
from epep_access.people import PEOPLE, PEOPLE_SQL
from epep_access.profiles import PROFILES, PROFILES_SQL

SQL = (PEOPLE_SQL, PROFILES_SQL, ACCESS_SQL)
"""For `Service(sql=…)`, in this order: the relationships ask who holds which role."""

PROJECTORS = (PEOPLE, PROFILES, ACCESS, RELATIONSHIPS)
"""For `Service(projectors=…)`."""

ON_START = (remember_answers,)
"""For `Service(on_start=…)`, where routes ask who may see a child."""
