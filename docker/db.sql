-- Run in the database by a superuser, as often as one likes: the role that owns the tables and migrates them, the role
-- that serves and owns nothing (service/grants.py says what it may), and the extensions that they use.

\set QUIET on
set client_min_messages = warning;
\getenv password GRIDPATROL_DB_PASSWORD
\getenv owner_password GRIDPATROL_OWNER_PASSWORD

select format('create role %I login nosuperuser nocreatedb nocreaterole', name)
from unnest(array['gridpatrol_owner', 'gridpatrol']) as name
where not exists (select from pg_roles where rolname = name) \gexec

\if :{?password}
alter role gridpatrol password :'password';
\endif
\if :{?owner_password}
alter role gridpatrol_owner password :'owner_password';
\endif

reassign owned by gridpatrol to gridpatrol_owner;
select format('alter database %I owner to gridpatrol_owner', current_database()) \gexec
select format('revoke temporary on database %I from public', current_database()) \gexec

create extension if not exists postgis;
create extension if not exists btree_gist;
create extension if not exists pg_trgm;
