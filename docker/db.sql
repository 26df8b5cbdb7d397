-- Run once in the new database by a superuser: the role that the application is, and the extensions that it uses.

\set QUIET on
\getenv password GRIDPATROL_DB_PASSWORD

select 'create role gridpatrol login nosuperuser nocreatedb nocreaterole'
where not exists (select from pg_roles where rolname = 'gridpatrol') \gexec

\if :{?password}
alter role gridpatrol password :'password';
\endif

select format('alter database %I owner to gridpatrol', current_database()) \gexec

create extension if not exists postgis;
create extension if not exists btree_gist;
create extension if not exists pg_trgm;
