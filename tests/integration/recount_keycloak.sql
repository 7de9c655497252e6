-- The world keycloak-saas, recounted from its raw logs in plain SQL, as a responder with DuckDB would do it.
-- The variable `case` is the folder of the case. Nothing here comes from the program: a token is forged if it
-- claims an issue time after its key was retired and the issuer's log does not have its id.

-- What one part of a signed token says: RFC 7515 writes it in base64url without padding.
CREATE MACRO part(token, number) AS decode(from_base64(
    rpad(translate(split_part(token, '.', number), '-_', '+/'),
         4 * CAST(ceil(length(split_part(token, '.', number)) / 4) AS INTEGER), '=')));

-- Tokens handed out: Keycloak writes how a token came about before its id. An `_ERROR` handed nothing out.
CREATE TABLE issued AS
SELECT DISTINCT regexp_replace(line -> 'details' ->> 'token_id', '^(onrtac|onrtrt):', '') AS token_id
FROM (SELECT CAST(column0 AS JSON) AS line
      FROM read_csv(getvariable('case') || '/evidence/keycloak/*.json.gz', delim = '\x01', quote = '',
                    header = false, columns = {column0: 'VARCHAR'})
      WHERE trim(column0) <> '')
WHERE line ->> 'type' IN ('CODE_TO_TOKEN', 'REFRESH_TOKEN') AND line ->> 'error' IS NULL;

-- One row for each request. The last address of the list is that of the inner proxy, the one before it the client's.
CREATE TABLE requests AS
SELECT line ->> 'trace' AS trace, CAST(line ->> 'code' AS INTEGER) AS status,
       trim(string_split(line ->> 'fwd', ',')[-2]) AS client,
       claims ->> 'jti' AS token_id, claims ->> 'sub' AS subject, header ->> 'kid' AS key_id,
       to_timestamp(CAST(claims ->> 'iat' AS BIGINT)) AS issued_at
FROM (SELECT line, CAST(part(token, 1) AS JSON) AS header, CAST(part(token, 2) AS JSON) AS claims
      FROM (SELECT line, regexp_extract(line ->> 'authz', '^Bearer (.+)$', 1) AS token
            FROM (SELECT CAST(column0 AS JSON) AS line
                  FROM read_csv(getvariable('case') || '/evidence/nginx/*.json.gz', delim = '\x01', quote = '',
                                header = false, columns = {column0: 'VARCHAR'})
                  WHERE trim(column0) <> '')));

CREATE TABLE keys AS SELECT * FROM read_csv(getvariable('case') || '/registry/keys.csv', header = true);
CREATE TABLE accounts AS
SELECT * FROM read_csv(getvariable('case') || '/registry/accounts.csv', header = true, all_varchar = true);

CREATE TABLE forged AS
SELECT requests.*
FROM requests JOIN keys USING (key_id)
WHERE requests.issued_at > CAST(keys.retired_at AS TIMESTAMPTZ)
  AND token_id NOT IN (SELECT token_id FROM issued WHERE token_id IS NOT NULL);

-- What the application showed: at least one row, of a page of the catalogue, to a request that the gateway let in.
CREATE TABLE shown AS
SELECT line ->> 'user' AS account, split_part(line ->> 'view', '/', 4) AS page
FROM (SELECT CAST(column0 AS JSON) AS line
      FROM read_csv(getvariable('case') || '/evidence/portal/*.json.gz', delim = '\x01', quote = '',
                    header = false, columns = {column0: 'VARCHAR'})
      WHERE trim(column0) <> '')
JOIN (SELECT DISTINCT trace FROM forged WHERE status BETWEEN 200 AND 299) AS let_in ON let_in.trace = line ->> 'trace'
WHERE CAST(line ->> 'n' AS INTEGER) > 0;

CREATE TABLE addresses AS
SELECT client, client IN (SELECT client FROM requests WHERE token_id IN (SELECT token_id FROM issued)) AS shared
FROM forged GROUP BY client;

CREATE TABLE recount AS
SELECT 'tokens.forged' AS figure, count(DISTINCT token_id) AS counted FROM forged
UNION ALL SELECT 'requests.forged', count(*) FROM forged
UNION ALL SELECT 'tokens.nonexistent_subject', count(DISTINCT token_id) FROM forged
    WHERE subject NOT IN (SELECT account FROM accounts)
UNION ALL SELECT 'subjects.nonexistent', count(DISTINCT subject) FROM forged
    WHERE subject NOT IN (SELECT account FROM accounts)
UNION ALL SELECT 'fleet.addresses', count(*) FROM addresses
UNION ALL SELECT 'fleet.shared', count(*) FROM addresses WHERE shared
UNION ALL SELECT 'fleet.dedicated', count(*) FROM addresses WHERE NOT shared
UNION ALL SELECT 'total.views', count(*) FROM shown
UNION ALL SELECT 'total.accounts', count(DISTINCT account) FROM shown
UNION ALL SELECT 'total.records', count(DISTINCT (account, page)) FROM shown
UNION ALL SELECT 'total.persons', count(DISTINCT person) FROM shown JOIN accounts USING (account)
UNION ALL SELECT 'page.' || page || '.views', count(*) FROM shown GROUP BY page
UNION ALL SELECT 'page.' || page || '.accounts', count(DISTINCT account) FROM shown GROUP BY page;
