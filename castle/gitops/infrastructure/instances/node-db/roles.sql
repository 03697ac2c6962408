-- A statement that fails would be logged, with its password.
SET log_min_error_statement = panic;
SET log_min_duration_statement = -1;
SET log_statement = none;
SET client_min_messages = warning;
\set admin `cat "$SECRETS/admin/user"`
\set admin_password `cat "$SECRETS/admin/password"`
\set app `cat "$SECRETS/mnemosyne/user"`
\set app_password `cat "$SECRETS/mnemosyne/password"`
\set console `cat "$SECRETS/pgadmin/user"`
\set console_password `cat "$SECRETS/pgadmin/password"`

SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY[:'admin', :'app', :'console']) AS name
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE :"admin" PASSWORD :'admin_password';
ALTER ROLE :"app" PASSWORD :'app_password';
ALTER ROLE :"console" PASSWORD :'console_password';

SELECT format('CREATE DATABASE mnemosyne OWNER %I', :'app')
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'mnemosyne') \gexec
\connect mnemosyne
SET log_min_error_statement = panic;
SET client_min_messages = warning;

-- What proves a restore: reads all of it, keeps its own table, and has the WAL archived at once.
GRANT pg_monitor, pg_read_all_data TO :"admin";
GRANT CREATE ON DATABASE mnemosyne TO :"admin";
GRANT CREATE, USAGE ON SCHEMA public TO :"admin";
GRANT EXECUTE ON FUNCTION pg_switch_wal() TO :"admin";
GRANT EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint() TO :"admin";
GRANT pg_read_all_data TO :"console";

SELECT to_regclass('public.memories') IS NULL AS empty \gset
\if :empty
BEGIN;
CREATE TABLE public.memories (
  id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at   timestamptz NOT NULL DEFAULT now(),
  text text NOT NULL,
  tags text[] NOT NULL DEFAULT '{}',
  hash text NOT NULL
);
ALTER TABLE public.memories OWNER TO :"app";
INSERT INTO public.memories (at, text, tags, hash)
  SELECT now() - (:rows - n) * interval '1 second', text, ARRAY['seed', 'part-' || n % 7],
    encode(sha256(convert_to(text, 'UTF8')), 'hex')
  FROM generate_series(1, :rows) AS n, LATERAL (SELECT 'Memory ' || n || ': ' || md5(n::text) AS text) AS made;
COMMIT;
\endif
