"""Recounts the world keycloak-saas row by row from its raw logs, in plain SQL.

Usage: recount_rows.py CASE RESULTS

`recount_keycloak.sql` holds totals against each other; here it is asked which tokens, lines, addresses and
accounts they are. Only the evidence, the registry and case.toml are counted. Three things are then held
against the count: the figures of disclosure.json, the rows of RESULTS/frames behind them, and the planted
truth. Signatures are checked where the module cryptography is installed.

Prints a table; the exit code is 1 if anything differs, and 77 where DuckDB for Python is not there.
"""

import base64
import json
import pathlib
import sys
import tomllib

try:
    import duckdb
except ImportError:
    sys.exit(77)
try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
except ImportError:
    ec = None

case, results = map(pathlib.Path, sys.argv[1:3])
settings = tomllib.loads((case / "case.toml").read_text())
sources = {source["id"]: source for source in settings["source"]}
registry = {name: str(case / path) for name, path in settings["registry"].items()}
pages = tomllib.loads(pathlib.Path(registry["pages"]).read_text())["page"]


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text):
    return int.from_bytes(unpadded(text), "big")


def signed(token):
    """Whether the key that the token names made its signature, ES256 only; none where that cannot be told."""
    key = public_keys.get(json.loads(unpadded(token.split(".")[0]))["kid"])
    if key is None:
        return None
    covered, _, signature = token.rpartition(".")
    half = unpadded(signature)
    r, s = (int.from_bytes(half[at : at + 32], "big") for at in (0, 32))
    try:
        key.verify(encode_dss_signature(r, s), covered.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


public_keys = {}
for file in settings["signing_key"] if ec else []:
    for key in json.loads((case / file["file"]).read_text())["keys"]:
        if key["alg"] == "ES256":
            point = ec.EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]), ec.SECP256R1())
            public_keys[key["kid"]] = point.public_key()

sql = duckdb.connect()
sql.execute("SET TimeZone = 'UTC'")
# Header (1) or payload (2) of a signed token, as JSON text: base64url, to which padding is added.
sql.execute("""CREATE MACRO part(token, n) AS (
    WITH text AS (SELECT translate(string_split(token, '.')[n], '-_', '+/') AS t)
    SELECT decode(from_base64(t || repeat('=', (4 - length(t) % 4) % 4))) FROM text)""")

# Each log as it is: one row a line, with the line's number. Empty lines are numbered and left out.
for name, source in sources.items():
    (pattern,) = source["paths"]
    (log,) = case.glob(pattern)
    sql.execute(
        f"""CREATE TABLE {name} AS
        SELECT line_no, CAST(text AS JSON) AS line
        FROM (SELECT text, row_number() OVER () AS line_no
              FROM read_csv('{log}', delim = '\x01', quote = '', escape = '', header = false,
                            parallel = false, columns = {{text: 'VARCHAR'}}))
        WHERE trim(text) <> ''"""
    )
sql.execute("CREATE TABLE catalogue (page VARCHAR, method VARCHAR, route VARCHAR, least_bytes BIGINT)")
sql.executemany(
    "INSERT INTO catalogue VALUES (?, ?, ?, ?)",
    [(page["id"], page["method"], page["route"], page["empty_below_bytes"]) for page in pages],
)
for name in ("keys", "accounts"):
    file = registry[name]
    sql.execute(f"CREATE TABLE {name} AS FROM read_csv('{file}', header = true, all_varchar = true)")
sql.execute("SET VARIABLE prefixes = ?", ["^(" + "|".join(sources["keycloak"]["id_prefix"]) + ")"])
sql.execute("SET VARIABLE hops = ?", [sources["nginx"]["forwarded_hops"]])
sql.execute("SET VARIABLE tolerance = ?", [settings["policy"]["clock_tolerance_seconds"]])
sql.execute(r"""
-- Unit: line of the gateway. The client is so many places from the right of the forwarding list as there are
-- proxies of the company's own behind the one that wrote it.
CREATE TABLE requests AS
SELECT line_no, line ->> 'trace' AS trace, CAST(line ->> 't' AS TIMESTAMPTZ) AS event_time,
       line ->> 'verb' AS method, split_part(line ->> 'uri', '?', 1) AS path,
       CAST(line ->> 'code' AS INTEGER) AS status, CAST(line ->> 'out' AS BIGINT) AS bytes, token,
       claims ->> 'jti' AS token_id, claims ->> 'sub' AS subject, claims ->> 'sid' AS session_id,
       header ->> 'kid' AS key_id,
       trim(string_split(line ->> 'fwd', ',')[-1 - getvariable('hops')]) AS client,
       to_timestamp(CAST(claims ->> 'iat' AS BIGINT)) AS issued_at
FROM (SELECT *, CAST(part(token, 1) AS JSON) AS header, CAST(part(token, 2) AS JSON) AS claims
      FROM (SELECT *, regexp_extract(line ->> 'authz', '^Bearer (\S+)$', 1) AS token FROM nginx));

-- Unit: token. What Keycloak says that it handed out.
CREATE TABLE issued AS
SELECT regexp_replace(line -> 'details' ->> 'token_id', getvariable('prefixes'), '') AS token_id,
       line ->> 'userId' AS subject, to_timestamp(CAST(line ->> 'time' AS BIGINT) / 1000.0) AS event_time
FROM keycloak
WHERE line ->> 'type' IN ('CODE_TO_TOKEN', 'REFRESH_TOKEN') AND line ->> 'error' IS NULL;

-- Unit: session. When its customer logged in, or first got a token.
CREATE TABLE sessions AS
SELECT line ->> 'sessionId' AS session_id,
       min(to_timestamp(CAST(line ->> 'time' AS BIGINT) / 1000.0)) AS began
FROM keycloak
WHERE line ->> 'type' IN ('LOGIN', 'CODE_TO_TOKEN', 'REFRESH_TOKEN') AND line ->> 'error' IS NULL
GROUP BY ALL;

-- Unit: token in use; a row each, by what it claims.
CREATE TABLE used AS
SELECT token_id, any_value(subject) AS subject, any_value(key_id) AS key_id,
       any_value(issued_at) AS issued_at, any_value(session_id) AS session_id,
       any_value(token) AS token, count(DISTINCT token) AS spellings
FROM requests GROUP BY token_id;

-- Unit: token in use of a session that had begun before: its customer was there, so it must have a record.
CREATE TABLE witnesses AS
SELECT token_id, used.issued_at, token_id IN (SELECT token_id FROM issued) AS recorded
FROM used JOIN sessions USING (session_id)
WHERE sessions.began <= used.issued_at + to_seconds(getvariable('tolerance'));

-- Unit: token in use that Keycloak never handed out to its subject.
-- `retired`: it claims to be issued after its key was retired. `covered`: of the hour before and the hour after
-- that moment there are witnesses, at least one each, and none of them lacks its record. `customer`: a known
-- session is behind it.
CREATE TABLE unrecorded AS
SELECT used.*,
       used.issued_at > CAST(retired_at AS TIMESTAMPTZ) + to_seconds(getvariable('tolerance')) AS retired,
       (SELECT bool_and(recorded) AND count(*) FILTER (issued_at <= used.issued_at) > 0
               AND count(*) FILTER (issued_at >= used.issued_at) > 0
        FROM witnesses AS w
        WHERE w.issued_at BETWEEN used.issued_at - INTERVAL 1 HOUR
                              AND used.issued_at + INTERVAL 1 HOUR) AS covered,
       token_id IN (SELECT token_id FROM witnesses) AS customer
FROM used LEFT JOIN keys USING (key_id)
WHERE NOT EXISTS (FROM issued WHERE issued.token_id = used.token_id AND issued.subject = used.subject);

-- Forged, by the strict reading: no record, and a retired key or a log that has all others of that hour.
CREATE TABLE forged AS
SELECT * FROM unrecorded
WHERE coalesce(retired, false) OR (coalesce(covered, false) AND NOT customer);
-- By the wide reading: no record, whatever the reason.
CREATE TABLE doubtful AS SELECT * FROM unrecorded WHERE token_id NOT IN (SELECT token_id FROM forged);

-- Unit: view, a request that showed a page of the catalogue: the gateway let it in and sent a body of the
-- page's size, and the application, for the same request id and page, served one item or more.
CREATE TABLE views AS
SELECT requests.*, page, portal.line ->> 'user' AS account, person
FROM requests
JOIN portal ON portal.line ->> 'trace' = trace AND portal.line ->> 'view' = path
JOIN catalogue ON catalogue.route = path AND catalogue.method = requests.method
LEFT JOIN accounts ON accounts.account = portal.line ->> 'user'
WHERE status BETWEEN 200 AND 299 AND bytes >= least_bytes AND CAST(portal.line ->> 'n' AS INTEGER) > 0;

-- Unit: address that sent a forged token; shared where a token with a record came from it too.
CREATE TABLE addresses AS
SELECT client, client IN (SELECT client FROM requests WHERE token_id IN (SELECT token_id FROM issued)) AS shared
FROM requests WHERE token_id IN (SELECT token_id FROM forged) GROUP BY client;
""")


def one(statement):
    return sql.execute(statement).fetchone()[0]


def rows(statement):
    return set(sql.execute(statement).fetchall())


FORGED = "token_id IN (SELECT token_id FROM forged)"
counts = {
    # Tokens, requests and subjects, each distinct.
    "tokens.forged": one("SELECT count(*) FROM forged"),
    "tokens.nonexistent_subject": one(
        "SELECT count(*) FROM forged WHERE subject NOT IN (SELECT account FROM accounts)"
    ),
    "subjects.nonexistent": one(
        "SELECT count(DISTINCT subject) FROM forged WHERE subject NOT IN (SELECT account FROM accounts)"
    ),
    "requests.forged": one(f"SELECT count(*) FROM requests WHERE {FORGED}"),
    # Addresses.
    "fleet.addresses": one("SELECT count(*) FROM addresses"),
    "fleet.dedicated": one("SELECT count(*) FROM addresses WHERE NOT shared"),
    "fleet.shared": one("SELECT count(*) FROM addresses WHERE shared"),
    # Tokens with a record, used from an address from which else only forged ones came.
    "tokens.stolen": one("""SELECT count(DISTINCT token_id) FROM requests
        WHERE token_id IN (SELECT token_id FROM issued)
        AND client IN (SELECT client FROM addresses WHERE NOT shared)"""),
}
sets = {"total": "true"} | {f"page.{page['id']}": f"page = '{page['id']}'" for page in pages}
for page in pages:
    for field in page["fields"]:
        figure = f"field.{field['name']}.{field['form']}"
        sets[figure] = " OR ".join(filter(None, (sets.get(figure), f"page = '{page['id']}'")))
for name, which in sets.items():
    shown = f"FROM views WHERE {FORGED} AND ({which})"
    counts |= {
        f"{name}.views": one(f"SELECT count(*) {shown}"),
        # Accounts of the registry only: one that does not exist is not affected.
        f"{name}.accounts": one(f"SELECT count(DISTINCT account) {shown} AND person IS NOT NULL"),
        f"{name}.records": one(f"SELECT count(DISTINCT (account, page)) {shown} AND person IS NOT NULL"),
        f"{name}.persons": one(f"SELECT count(DISTINCT person) {shown}"),
    }

disclosure = json.loads((results / "disclosure.json").read_text())
figures = {figure["id"]: figure for figure in disclosure["figures"]}
expected = tomllib.loads((case / "expected.toml").read_text())["figures"]
different = 0
print(f"{'figure':34}{'SQL':>8}{'breachscope':>16}{'truth':>8}  agrees")
for name, counted in counts.items():
    low, probable, high = (figures[name][bound] for bound in ("confirmed", "probable", "possible"))
    truth = expected[name]["confirmed"]
    agrees = low <= counted <= high and counted == truth
    different += not agrees
    print(f"{name:34}{counted:>8,}{f'{low:,}..{high:,}':>16}{truth:>8,}  {'yes' if agrees else 'NO'}")

used = sql.execute(f"SELECT min(event_time), max(event_time) FROM requests WHERE {FORGED}").fetchone()
first, last = (time.strftime("%Y-%m-%dT%H:%M:%SZ") if time else None for time in used)
phases = disclosure["phases"]
told = (phases[0]["first"], phases[-1]["last"]) if phases else None
different += (told or (None, None)) != (first, last)
print(f"first and last use: {first}, {last}; breachscope: {', '.join(told or ['no phase'])}")


def frame(name):
    return f"read_parquet('{results}/frames/{name}/*.parquet')"


def compare(what, mine, other, whose):
    """Tells of rows that only one side has."""
    global different
    different += mine != other
    print(f"{what}: {len(mine):,} here, {len(other):,} {whose}, {len(mine ^ other):,} in one only")
    for side, only in (("only here", mine - other), (f"only {whose}", other - mine)):
        for row in sorted(only, key=str)[:5]:
            print(f"  {side}: {row}")


def truth(name):
    return f"read_csv('{case}/truth{name}.csv', header = true, all_varchar = true)"


mine = rows("SELECT token_id FROM forged")
compare("forged tokens", mine, rows(f"SELECT token_id FROM {truth('')} WHERE truth = 'forged'"), "planted")
theirs = rows(f"SELECT token_id FROM {frame('tokens')} WHERE verdict = 'forged'")
compare("forged tokens", mine, theirs, "in frames")
mine = rows("SELECT token_id FROM doubtful")
theirs = rows(f"SELECT token_id FROM {frame('tokens')} WHERE verdict = 'indeterminate'")
compare("tokens that cannot be told", mine, theirs, "in frames")
mine = rows("SELECT client, if(shared, 'shared', 'dedicated') FROM addresses")
compare("addresses", mine, rows(f"SELECT source_ip, nature FROM {truth('-addresses')}"), "planted")
compare("addresses", mine, rows(f"SELECT source_ip, nature FROM {frame('fleet')}"), "in frames")
mine = rows(f"SELECT account, page, count(*) FROM views WHERE {FORGED} AND person IS NOT NULL GROUP BY ALL")
theirs = rows(f"SELECT account, page, CAST(view_count AS BIGINT) FROM {truth('-accounts')}")
compare("accounts and pages with their views", mine, theirs, "planted")
mine = rows(f"SELECT line_no, page, account FROM views WHERE {FORGED}")
theirs = rows(f"SELECT line_no, page, account FROM {frame('exposures')} WHERE bound = 'confirmed'")
compare("lines of the gateway that showed a page", mine, theirs, "confirmed in frames")

forged, retired, missed, shared = sql.execute("""SELECT count(*), count(*) FILTER (retired),
    count(*) FILTER (covered AND NOT customer), count(*) FILTER (spellings > 1) FROM forged""").fetchone()
print(f"of {forged} forged tokens {retired} are dated after their key's retirement, {missed} have no record")
print(f"although the log has all others of that time, and {shared} share their id with another token")
if public_keys:
    valid = sum(signed(token) is True for (token,) in rows("SELECT token FROM forged"))
    print(f"signatures: {valid} of the forged tokens are signed with the key that they name")
else:
    print("signatures: not checked, the module cryptography is not installed")
sys.exit(1 if different else 0)
