# Read by the PostgreSQL image when its data folder is new. The service owns a database and is
# not a superuser, whom row security would not hold.
psql --no-psqlrc --set ON_ERROR_STOP=1 --username postgres \
    --set name="$SERVICE_ROLE" --set password="$SERVICE_PASSWORD" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
