"""Databases and the role that owns each: nobody may enter another's."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg


def url_for(admin_url: str, database: str, role: str = "", password: str = "") -> str:
    """`admin_url` with another database, and another role if one is given."""
    parts = urlsplit(admin_url)
    place = parts.netloc.rpartition("@")[2]
    who = (
        f"{quote(role, safe='')}:{quote(password, safe='')}"
        if role
        else parts.netloc.rpartition("@")[0]
    )
    return urlunsplit((parts.scheme, f"{who}@{place}" if who else place, f"/{database}", "", ""))


async def create_database(
    admin_url: str,
    database: str,
    role: str = "",
    password: str = "",
    template: str = "template0",
) -> str:
    """Make the database if it isn't there, owned by `role`, closed to all others.

    Makes the role too, or gives it this password. Without a role the admin owns it. It begins as
    a copy of `template`, a database that nobody is in. Returns its URL for its owner.
    """
    connection = await asyncpg.connect(admin_url)
    try:
        if role:
            await _make_role(connection, role, password)
        owner = f" OWNER {_name(role)}" if role else ""
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await connection.execute(
                f"CREATE DATABASE {_name(database)}{owner}"
                f" TEMPLATE {_name(template)} ENCODING 'UTF8'"
            )
        await connection.execute(f"REVOKE ALL ON DATABASE {_name(database)} FROM PUBLIC")
    finally:
        await connection.close()
    return url_for(admin_url, database, role, password)


async def _make_role(connection: asyncpg.Connection, role: str, password: str) -> None:
    there = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
    verb = "ALTER" if there else "CREATE"
    await connection.execute(f"{verb} ROLE {_name(role)} LOGIN PASSWORD {_text(password)}")
    if not there:
        # An admin who isn't a superuser must belong to a role to make it the owner.
        await connection.execute(f"GRANT {_name(role)} TO CURRENT_USER")


async def drop_database(admin_url: str, database: str, role: str = "") -> None:
    """Remove the database with everything in it, ending whatever uses it; then the role."""
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {_name(database)} WITH (FORCE)")
        if role:
            await connection.execute(f"DROP ROLE IF EXISTS {_name(role)}")
    finally:
        await connection.close()


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
