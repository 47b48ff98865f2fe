-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION pg_shopper" to load this file. \quit

CREATE SCHEMA shopper;
GRANT USAGE ON SCHEMA shopper TO PUBLIC;
COMMENT ON SCHEMA shopper IS 'pg_shopper: views about learners and models, and the demo shop';

