"""A read model's tables, made again with the same shape in another PostgreSQL schema."""

from collections.abc import Sequence

from epep_runtime.postgres import Connection

LIVE = "public"

NOT_CARRIED = """
WITH mine AS (
    SELECT c.oid, c.relname, c.relkind, c.relrowsecurity
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relname = ANY ($1::text[])
)
SELECT format('there is no table %s', wanted) FROM unnest($1::text[]) AS wanted
 WHERE wanted NOT IN (SELECT relname FROM mine)
UNION ALL
SELECT format('%s is not a plain table', relname) FROM mine
 WHERE relkind <> 'r' OR oid IN (SELECT inhrelid FROM pg_inherits UNION ALL
                                 SELECT inhparent FROM pg_inherits)
UNION ALL
SELECT format('%s has the foreign key %s to %s', conrelid::regclass, conname, confrelid::regclass)
  FROM pg_constraint WHERE contype = 'f'
   AND (conrelid IN (SELECT oid FROM mine) OR confrelid IN (SELECT oid FROM mine))
UNION ALL
SELECT format('%s.%s is an identity column', relname, attname)
  FROM mine JOIN pg_attribute ON attrelid = oid WHERE attidentity <> '' AND NOT attisdropped
UNION ALL
SELECT format('%s.%s takes its values from a sequence', relname, attname)
  FROM mine JOIN pg_attribute a ON attrelid = mine.oid
  JOIN pg_attrdef d ON adrelid = mine.oid AND adnum = attnum
 WHERE pg_get_expr(adbin, adrelid) LIKE '%nextval(%'
UNION ALL
SELECT format('%s has the trigger %s', relname, tgname)
  FROM mine JOIN pg_trigger ON tgrelid = mine.oid WHERE NOT tgisinternal
UNION ALL
SELECT DISTINCT format('the view %s reads %s', r.ev_class::regclass, relname)
  FROM mine JOIN pg_depend d ON d.refobjid = mine.oid AND d.refclassid = 'pg_class'::regclass
  JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
"""

CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
 WHERE conrelid = $1::text::regclass AND contype IN ('p', 'u', 'x') ORDER BY contype, conname
"""

INDEXES = """
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
 WHERE i.indrelid = $1::text::regclass
   AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid
                   AND c.conrelid = i.indrelid)
"""

POLICIES = """
SELECT policyname, permissive, cmd, array_to_string(roles, ', ') AS roles, qual, with_check
  FROM pg_policies WHERE schemaname = 'public' AND tablename = $1
"""

ROW_SECURITY = """
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = $1::text::regclass
"""

PRIVILEGES = """
SELECT privilege_type, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS grantee
  FROM pg_class, aclexplode(relacl) WHERE oid = $1::text::regclass AND grantee <> relowner
"""

SHAPE = """
SELECT relname || '.' || attname || ' ' || format_type(atttypid, atttypmod)
       || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
       || coalesce(' DEFAULT ' || pg_get_expr(adbin, adrelid), '')
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute ON attrelid = c.oid
  LEFT JOIN pg_attrdef ON adrelid = c.oid AND adnum = attnum
 WHERE nspname = $1 AND relname = ANY ($2::text[]) AND attnum > 0 AND NOT attisdropped
UNION ALL
SELECT 'index ' || indexname FROM pg_indexes WHERE schemaname = $1 AND tablename = ANY ($2::text[])
ORDER BY 1
"""


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def qualified(schema: str, table: str) -> str:
    """Return a table's name with its schema, as SQL."""
    return f"{quoted(schema)}.{quoted(table)}"


async def not_carried(connection: Connection, tables: Sequence[str]) -> list[str]:
    """Return, as phrases, what of these live tables could not be made again elsewhere.

    A foreign key or a view would go on pointing at the old table; numbers from a sequence would
    come out differently; triggers are not copied.
    """
    return sorted(row[0] for row in await connection.fetch(NOT_CARRIED, list(tables)))


async def make_tables(connection: Connection, schema: str, tables: Sequence[str]) -> None:
    """Make the schema, and in it an empty table like each live one.

    Indexes and constraints keep their names (LIKE would invent new ones), so that a later
    migration finds them after the switch. Privileges are given to the same roles, and the policies
    of row security are made; `enforce` puts them into force when the table goes live, for COPY is
    not let into a table that has them, and nobody asks it before.
    """
    await connection.execute(f"CREATE SCHEMA {quoted(schema)}")
    for table in tables:
        live, new = qualified(LIVE, table), qualified(schema, table)
        await connection.execute(
            f"CREATE TABLE {new} (LIKE {live} INCLUDING ALL EXCLUDING INDEXES)"
        )
        for row in await connection.fetch(CONSTRAINTS, live):
            name = quoted(row["conname"])
            await connection.execute(f"ALTER TABLE {new} ADD CONSTRAINT {name} {row['definition']}")
        for row in await connection.fetch(INDEXES, live):
            await connection.execute(_elsewhere(row[0], table, schema))
        for row in await connection.fetch(PRIVILEGES, live):
            await connection.execute(f"GRANT {row['privilege_type']} ON {new} TO {row['grantee']}")
        await _make_policies(connection, table, new)


async def _make_policies(connection: Connection, table: str, new: str) -> None:
    for row in await connection.fetch(POLICIES, table):
        using = f" USING ({row['qual']})" if row["qual"] else ""
        check = f" WITH CHECK ({row['with_check']})" if row["with_check"] else ""
        await connection.execute(
            f"CREATE POLICY {quoted(row['policyname'])} ON {new} AS {row['permissive']}"
            f" FOR {row['cmd']} TO {row['roles']}{using}{check}"
        )


async def enforce(connection: Connection, schema: str, table: str) -> None:
    """Put row security into force in a table of this schema as far as it is in the live one."""
    new = qualified(schema, table)
    enabled, forced = (await connection.fetch(ROW_SECURITY, qualified(LIVE, table)))[0]
    if enabled:
        await connection.execute(f"ALTER TABLE {new} ENABLE ROW LEVEL SECURITY")
    if forced:
        await connection.execute(f"ALTER TABLE {new} FORCE ROW LEVEL SECURITY")


def _elsewhere(definition: str, table: str, schema: str) -> str:
    """Return an index definition (`CREATE INDEX i ON public.t USING …`) for another schema."""
    before, on, after = definition.partition(" ON ")
    _, using, rest = after.partition(" USING ")
    return f"{before}{on}{qualified(schema, table)}{using}{rest}"


async def shape(connection: Connection, schema: str, tables: Sequence[str]) -> list[str]:
    """Return the columns and indexes of these tables, to tell whether two schemas are alike."""
    return [row[0] for row in await connection.fetch(SHAPE, schema, list(tables))]
