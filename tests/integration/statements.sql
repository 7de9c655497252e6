-- Statements that responders use. `statements.py` runs each here and in DuckDB: the answers must be the same,
-- unless it is refused here. A block is a statement; a line `-- == kind` begins a kind.

-- == counts
SELECT COUNT(*) FROM requests;
SELECT COUNT(request_id) FROM requests;
SELECT COUNT(DISTINCT source_ip) FROM requests;
SELECT 100 * COUNT(*) FROM requests;
SELECT COUNT(*) * 1000000000 FROM requests;
SELECT COUNT(*) - 1000000 FROM requests;
SELECT tier, COUNT(*) FROM requests GROUP BY tier;
SELECT tier, COUNT(*) AS n FROM requests GROUP BY 1 HAVING COUNT(*) > 10;
SELECT COUNT(*) FILTER (WHERE status = 200), COUNT(*) FILTER (WHERE status <> 200) FROM requests;
SELECT SUM(CASE WHEN status >= 400 THEN 1 ELSE 0 END) FROM requests;
SELECT COUNT(DISTINCT token_subject), COUNT(DISTINCT session_id) FROM requests WHERE tier = 'gateway';
SELECT COUNT(*) FROM (SELECT DISTINCT source_ip, user_agent FROM requests) AS t;
SELECT status, COUNT(*) FROM requests GROUP BY status ORDER BY COUNT(*) DESC, status;
SELECT COUNT(*) OVER () AS n, tier FROM requests GROUP BY tier;
SELECT COUNT(*) / COUNT(DISTINCT source_ip) FROM requests;
SELECT COUNT(*) // COUNT(DISTINCT source_ip) FROM requests;
SELECT COUNT(*) % 7 FROM requests;
SELECT round(100.0 * COUNT(*) FILTER (WHERE status = 200) / COUNT(*), 2) FROM requests;

-- == big numbers
SELECT SUM(body_bytes) FROM requests;
SELECT SUM(body_bytes) * 1000 FROM requests;
SELECT SUM(body_bytes * 1000000) FROM requests;
SELECT SUM(9000000000000000000) FROM range(1, 5);
SELECT 9223372036854775807 + 1;
SELECT 9223372036854775807 - 1;
SELECT 3000000000 * 3000000000;
SELECT 4000000000 * 4000000000;
SELECT -9223372036854775807 - 10;
SELECT AVG(body_bytes) FROM requests;
SELECT MIN(body_bytes), MAX(body_bytes) FROM requests;
SELECT SUM(line_no) - SUM(evidence_id) FROM requests;
SELECT CAST(SUM(body_bytes) AS DOUBLE) / 1e9 FROM requests;
SELECT MAX(line_no) - MIN(line_no) FROM requests;
SELECT evidence_id - line_no AS d FROM requests ORDER BY d LIMIT 3;
SELECT SUM(evidence_id - line_no) FROM requests;

-- == division
SELECT 7 / 2;
SELECT 7 // 2;
SELECT -7 // 2;
SELECT 7 % 3, -7 % 3;
SELECT 1 / 3.0;
SELECT 2.5 * 4;
SELECT 0.1 + 0.2;
SELECT 10 / NULLIF(0, 0);
SELECT 1 / 0;
SELECT 1 % 0;
SELECT 5 // 0;
SELECT 1.0 / 0;
SELECT round(7 / 2);
SELECT round(2.5), round(3.5), round(-2.5);
SELECT floor(7 / 2), ceil(7 / 2);
SELECT abs(-5), sign(-5);
SELECT power(2, 10), sqrt(16);
SELECT 2 ^ 10;
SELECT 2 ** 10;
SELECT ln(10), log10(1000), log2(8);
SELECT greatest(1, 2, 3), least(1, NULL, 3);

-- == casts
SELECT CAST('12' AS BIGINT);
SELECT CAST('x' AS BIGINT);
SELECT TRY_CAST('x' AS BIGINT);
SELECT CAST(1.5 AS BIGINT), CAST(2.5 AS BIGINT);
SELECT CAST(1.5::DOUBLE AS BIGINT), CAST(2.5::DOUBLE AS BIGINT);
SELECT CAST(200 AS VARCHAR) || 'x';
SELECT CAST(event_time AS DATE) AS d, COUNT(*) FROM requests GROUP BY d ORDER BY d LIMIT 5;
SELECT CAST(event_time AS VARCHAR) FROM requests ORDER BY event_time, evidence_id, line_no LIMIT 3;
SELECT COUNT(*) FROM requests WHERE CAST(event_time AS VARCHAR) LIKE '2025-07-%';
SELECT status::VARCHAR, COUNT(*) FROM requests GROUP BY 1;
SELECT CAST('2025-11-19' AS DATE);
SELECT DATE '2025-11-19';
SELECT CAST(TRUE AS INTEGER), CAST(0 AS BOOLEAN);
SELECT CAST(NULL AS BIGINT);
SELECT COUNT(*) FROM requests WHERE status = '200';
SELECT COUNT(*) FROM requests WHERE status > '99';
SELECT COUNT(*) FROM requests WHERE status IN ('200', '404');

-- == dates
SELECT MIN(event_time), MAX(event_time) FROM requests;
SELECT date_trunc('hour', event_time) AS h, COUNT(*) FROM requests GROUP BY h ORDER BY h LIMIT 10;
SELECT date_trunc('minute', event_time) AS m, COUNT(*) AS n FROM requests GROUP BY m ORDER BY n DESC, m LIMIT 5;
SELECT date_trunc('week', event_time) AS w, COUNT(*) FROM requests GROUP BY w ORDER BY w LIMIT 5;
SELECT date_trunc('month', event_time) AS m, COUNT(*) FROM requests GROUP BY m ORDER BY m;
SELECT EXTRACT(hour FROM event_time) AS h, COUNT(*) FROM requests GROUP BY h ORDER BY h;
SELECT EXTRACT(epoch FROM event_time) FROM requests ORDER BY event_time, evidence_id, line_no LIMIT 3;
SELECT date_part('dow', event_time) AS d, COUNT(*) FROM requests GROUP BY d ORDER BY d;
SELECT EXTRACT(isodow FROM event_time) AS d, COUNT(*) FROM requests GROUP BY d ORDER BY d;
SELECT EXTRACT(week FROM event_time) AS w, COUNT(*) FROM requests GROUP BY w ORDER BY w;
SELECT year(event_time), month(event_time), COUNT(*) FROM requests GROUP BY 1, 2 ORDER BY 1, 2;
SELECT day(event_time), hour(event_time), COUNT(*) FROM requests GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 10;
SELECT strftime(event_time, '%Y-%m-%d %H:00') AS h, COUNT(*) FROM requests GROUP BY h ORDER BY h LIMIT 5;
SELECT strftime(event_time, '%d/%m/%Y') FROM requests ORDER BY event_time LIMIT 1;
SELECT quarter(event_time), COUNT(*) FROM requests GROUP BY 1 ORDER BY 1;
SELECT COUNT(*) FROM requests WHERE event_time >= '2025-07-01';
SELECT COUNT(*) FROM requests WHERE event_time >= '2025-07-01 10:00:00';
SELECT COUNT(*) FROM requests WHERE event_time >= '2025-07-01T10:00:00Z';
SELECT COUNT(*) FROM requests WHERE event_time >= '2025-07-01T19:00:00+09:00';
SELECT COUNT(*) FROM requests WHERE event_time >= TIMESTAMP '2025-07-01 10:00:00';
SELECT COUNT(*) FROM requests WHERE event_time >= DATE '2025-07-01';
SELECT COUNT(*) FROM requests WHERE event_time BETWEEN '2025-07-01' AND '2025-08-01';
SELECT COUNT(*) FROM requests WHERE event_time >= TIMESTAMPTZ '2025-07-01 10:00:00+09';
SELECT COUNT(*) FROM requests WHERE CAST(event_time AS DATE) = '2025-07-10';
SELECT COUNT(*) FROM requests WHERE event_time < TIMESTAMP '9999-12-31 00:00:00';
SELECT COUNT(*) FROM requests WHERE event_time > TIMESTAMP '2025-07-01' - INTERVAL '1 day';
SELECT COUNT(*) FROM requests WHERE event_time > DATE '2025-07-01' + INTERVAL 2 DAY;
SELECT MAX(event_time) + INTERVAL '1 hour' FROM requests;
SELECT MAX(event_time) - INTERVAL '1 month' FROM requests;
SELECT COUNT(*) FROM sessions WHERE last_seen - first_seen > INTERVAL '1 hour';
SELECT EXTRACT(epoch FROM (MAX(event_time) - MIN(event_time))) FROM requests;
SELECT date_diff('hour', MIN(event_time), MAX(event_time)) FROM requests;
SELECT datediff('day', MIN(event_time), MAX(event_time)), date_diff('month', MIN(event_time), MAX(event_time)) FROM requests;
SELECT epoch(MIN(event_time)), epoch_ms(MIN(event_time)), epoch_us(MIN(event_time)) FROM requests;
SELECT DATE '2025-11-19' - DATE '2025-01-01';
SELECT DATE '2025-11-19' + 5;
SELECT event_time AT TIME ZONE 'Asia/Seoul' FROM requests ORDER BY event_time LIMIT 2;
SELECT CAST(event_time AT TIME ZONE 'Asia/Seoul' AS DATE) AS d, COUNT(*) FROM requests GROUP BY d ORDER BY d LIMIT 3;
SELECT date_trunc('day', event_time AT TIME ZONE 'Asia/Seoul') AS d, COUNT(*) FROM requests GROUP BY d ORDER BY d LIMIT 3;
SELECT COUNT(*) FROM requests WHERE EXTRACT(hour FROM event_time AT TIME ZONE 'Asia/Seoul') BETWEEN 0 AND 5;
SELECT TIMESTAMP '2025-07-01 10:00:00' AT TIME ZONE 'Asia/Seoul';
SELECT COUNT(*) FROM requests WHERE event_time LIKE '2025-07%';
SELECT dayofweek(DATE '2025-11-23'), dayofyear(DATE '2025-11-23'), week(DATE '2025-11-23');
SELECT make_date(2025, 11, 19);
SELECT to_timestamp(1735693200);
SELECT age(TIMESTAMP '2025-01-01', TIMESTAMP '2024-01-01');
SELECT COUNT(*) FROM requests WHERE event_time > now();
SELECT monthname(DATE '2025-11-19');

-- == texts
SELECT upper('abc'), lower('ABC'), length('한국어');
SELECT substr('hello', 2, 3), substr('hello', -3), substr('hello', 0, 2);
SELECT substring('hello' FROM 2 FOR 2);
SELECT left('hello', 2), right('hello', 2), left('hello', -1);
SELECT trim('  a '), ltrim('  a'), rtrim('a  ');
SELECT replace('a-b-c', '-', '+');
SELECT split_part('a/b/c', '/', 2), split_part('a/b/c', '/', -1);
SELECT strpos('hello', 'l'), position('l' IN 'hello'), instr('hello', 'l');
SELECT 'a' || NULL, concat('a', NULL, 'b');
SELECT concat_ws('-', 'a', NULL, 'b');
SELECT starts_with('hello', 'he'), contains('hello', 'ell'), ends_with('hello', 'lo');
SELECT reverse('abc'), repeat('ab', 3), lpad('7', 3, '0');
SELECT split_part(path, '?', 1) AS p, COUNT(*) FROM requests GROUP BY p ORDER BY COUNT(*) DESC, p LIMIT 10;
SELECT length(user_agent) AS l, COUNT(*) FROM requests GROUP BY l ORDER BY l;
SELECT string_agg(DISTINCT tier, ',' ORDER BY tier) FROM requests;
SELECT MIN(path), MAX(path) FROM requests;
SELECT 'a' < 'B', 'a' = 'A';
SELECT chr(65), ascii('A');
SELECT format('{}', 1);
SELECT "a" FROM requests;

-- == patterns
SELECT COUNT(*) FROM requests WHERE path LIKE '/%';
SELECT COUNT(*) FROM requests WHERE path LIKE '%list%';
SELECT COUNT(*) FROM requests WHERE path NOT LIKE '%list%';
SELECT COUNT(*) FROM requests WHERE user_agent ILIKE '%WINDOWS%';
SELECT 'a_b' LIKE 'a\_b', 'a\xb' LIKE 'a\_b';
SELECT 'a_b' LIKE 'a!_b' ESCAPE '!', 'axb' LIKE 'a!_b' ESCAPE '!';
SELECT 'a%' LIKE 'a\%' ESCAPE '\';
SELECT COUNT(*) FROM requests WHERE regexp_matches(path, '[0-9]+');
SELECT COUNT(*) FROM requests WHERE regexp_matches(path, '^/[a-z]+/[0-9]+$');
SELECT regexp_extract('id=42;', 'id=([0-9]+)', 1), regexp_extract('id=42;', 'id=([0-9]+)');
SELECT regexp_extract('none', 'id=([0-9]+)', 1);
SELECT regexp_extract(path, '^/([a-z-]+)', 1) AS top, COUNT(*) FROM requests GROUP BY top ORDER BY top;
SELECT regexp_replace('a1b22', '[0-9]+', '#'), regexp_replace('a1b22', '[0-9]+', '#', 'g');
SELECT 'hello' ~ 'ell';
SELECT 'hello' SIMILAR TO 'ell';
SELECT COUNT(*) FROM requests WHERE source_ip LIKE '192.0.2.%';
SELECT COUNT(*) FROM requests WHERE path GLOB '/*';
SELECT regexp_full_match('hello', 'ell');

-- == nulls
SELECT COUNT(*) FROM requests WHERE page IS NULL;
SELECT COUNT(*) FROM requests WHERE page IS NOT NULL;
SELECT COUNT(*) FROM requests WHERE page = NULL;
SELECT COUNT(*) FROM requests WHERE page <> 'x';
SELECT COUNT(*) FROM requests WHERE page IS DISTINCT FROM 'order-list';
SELECT page, COUNT(*) FROM requests GROUP BY page ORDER BY page;
SELECT page, COUNT(*) FROM requests GROUP BY page ORDER BY page DESC;
SELECT page, COUNT(*) FROM requests GROUP BY page ORDER BY page NULLS FIRST;
SELECT COALESCE(page, 'none') AS p, COUNT(*) FROM requests GROUP BY p ORDER BY p;
SELECT COUNT(*) FROM requests WHERE page NOT IN ('order-list', NULL);
SELECT COUNT(*) FROM requests WHERE token_subject NOT IN (SELECT account FROM accounts);
SELECT COUNT(*) FROM accounts WHERE account NOT IN (SELECT token_subject FROM requests);
SELECT SUM(body_bytes) FROM requests WHERE 1 = 0;
SELECT COUNT(*), SUM(status), MIN(status) FROM requests WHERE 1 = 0;
SELECT NULL + 1, NULL = NULL, NULL IS NULL;
SELECT nullif(1, 1), ifnull(NULL, 2);
SELECT AVG(body_bytes), AVG(COALESCE(body_bytes, 0)) FROM requests;
SELECT DISTINCT page FROM requests ORDER BY page;

-- == joins
SELECT COUNT(*) FROM requests AS r JOIN tokens AS t ON r.token_id = t.token_id;
SELECT t.verdict, COUNT(*) FROM requests AS r JOIN tokens AS t ON r.token_id = t.token_id WHERE r.tier = 'gateway' GROUP BY t.verdict;
SELECT COUNT(*) FROM requests AS r LEFT JOIN tokens AS t ON r.token_id = t.token_id WHERE t.token_id IS NULL;
SELECT COUNT(*) FROM exposures AS x JOIN requests AS r USING (evidence_id, line_no);
SELECT COUNT(*) FROM exposures AS x JOIN requests AS r ON x.evidence_id = r.evidence_id AND x.line_no = r.line_no JOIN tokens AS t ON r.token_id = t.token_id;
SELECT a.region, COUNT(DISTINCT x.account) FROM exposures AS x JOIN accounts AS a ON x.account = a.account GROUP BY a.region ORDER BY a.region;
SELECT COUNT(*) FROM fleet AS f, runs AS r WHERE f.first_seen BETWEEN r.first_seen AND r.last_seen;
SELECT r.run, COUNT(*) FROM runs AS r JOIN exposures AS x ON x.event_time BETWEEN r.first_seen AND r.last_seen GROUP BY r.run ORDER BY r.run;
SELECT COUNT(*) FROM tokens AS t FULL JOIN sessions AS s ON t.fingerprint = s.fingerprint;
SELECT COUNT(*) FROM accounts AS a WHERE EXISTS (SELECT 1 FROM exposures AS x WHERE x.account = a.account);
SELECT COUNT(*) FROM accounts AS a WHERE NOT EXISTS (SELECT 1 FROM exposures AS x WHERE x.account = a.account);
SELECT COUNT(*) FROM requests WHERE source_ip IN (SELECT source_ip FROM fleet);
SELECT COUNT(*) FROM requests WHERE source_ip NOT IN (SELECT source_ip FROM fleet);
SELECT COUNT(*) FROM requests AS a CROSS JOIN runs AS b;
SELECT COUNT(*) FROM exposures AS x SEMI JOIN fleet AS f ON x.account = f.source_ip;
SELECT account FROM exposures AS x JOIN accounts AS a ON x.account = a.account;

-- == subqueries
SELECT COUNT(*) FROM requests WHERE body_bytes > (SELECT AVG(body_bytes) FROM requests);
SELECT source_ip, (SELECT COUNT(*) FROM requests AS r WHERE r.source_ip = f.source_ip) AS n FROM fleet AS f ORDER BY n DESC, source_ip LIMIT 5;
WITH a AS (SELECT source_ip, COUNT(*) AS n FROM requests GROUP BY source_ip) SELECT COUNT(*), MAX(n) FROM a;
WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT y FROM b;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT SUM(i) FROM n;
SELECT * FROM (SELECT tier, COUNT(*) AS n FROM requests GROUP BY tier) AS t WHERE n > 0;
SELECT x / 2 AS half, x / 2 + 1 AS more FROM (SELECT COUNT(*) / 2 AS x FROM requests) AS t;
SELECT AVG(n) FROM (SELECT COUNT(*) AS n FROM requests GROUP BY source_ip) AS t;
SELECT COUNT(*) FROM requests WHERE (evidence_id, line_no) IN (SELECT evidence_id, line_no FROM exposures);

-- == windows
SELECT source_ip, COUNT(*) AS n, SUM(COUNT(*)) OVER () AS total FROM requests GROUP BY source_ip ORDER BY n DESC, source_ip LIMIT 5;
SELECT status, COUNT(*) AS n, 100.0 * COUNT(*) / SUM(COUNT(*)) OVER () AS share FROM requests GROUP BY status ORDER BY status;
SELECT SUM(SUM(body_bytes)) OVER () FROM requests GROUP BY tier;
SELECT d, n, SUM(n) OVER (ORDER BY d) AS running FROM (SELECT CAST(event_time AS DATE) AS d, COUNT(*) AS n FROM requests GROUP BY 1) AS t ORDER BY d LIMIT 20;
SELECT x, SUM(x) OVER (ORDER BY x) FROM (VALUES (1), (1), (2), (3), (3)) AS t(x) ORDER BY x;
SELECT x, SUM(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES (1), (2), (4)) AS t(x) ORDER BY x;
SELECT * FROM (SELECT account, event_time, ROW_NUMBER() OVER (PARTITION BY account ORDER BY event_time, evidence_id, line_no) AS k FROM exposures) AS t WHERE k = 1 ORDER BY account LIMIT 5;
SELECT status, RANK() OVER (ORDER BY COUNT(*) DESC), DENSE_RANK() OVER (ORDER BY COUNT(*) DESC) FROM requests GROUP BY status ORDER BY status;
SELECT x, LAG(x) OVER (ORDER BY x), LEAD(x, 1, 0) OVER (ORDER BY x) FROM (VALUES (1), (2), (4)) AS t(x) ORDER BY x;
SELECT x, NTILE(2) OVER (ORDER BY x) FROM (VALUES (1), (2), (3), (4)) AS t(x) ORDER BY x;
SELECT x, FIRST_VALUE(x) OVER (ORDER BY x), LAST_VALUE(x) OVER (ORDER BY x) FROM (VALUES (1), (2)) AS t(x) ORDER BY x;
SELECT account, page FROM exposures WHERE account IS NOT NULL QUALIFY ROW_NUMBER() OVER (PARTITION BY account ORDER BY event_time, evidence_id, line_no) = 1 ORDER BY account LIMIT 5;
SELECT ROW_NUMBER() OVER (ORDER BY x) - 5 FROM (VALUES (1), (2)) AS t(x);

-- == aggregates
SELECT median(body_bytes) FROM requests;
SELECT median(x) FROM (VALUES (1), (2)) AS t(x);
SELECT quantile_cont(body_bytes, 0.95) FROM requests;
SELECT stddev(body_bytes), variance(status) FROM requests;
SELECT arg_max(path, body_bytes) FROM requests WHERE body_bytes = (SELECT MAX(body_bytes) FROM requests);
SELECT arg_min(account, view_count), arg_max(bound, bound_rank) FROM (SELECT * FROM affected_accounts ORDER BY account LIMIT 1) AS t;
SELECT mode(tier) FROM requests;
SELECT bool_and(status > 0), bool_or(status = 404) FROM requests;
SELECT any_value(tier) FROM requests WHERE tier = 'edge';
SELECT tier, status FROM requests GROUP BY tier;
SELECT COUNT(DISTINCT tier) + COUNT(*) FROM requests;
SELECT tier, status, COUNT(*) FROM requests GROUP BY ROLLUP (tier, status) ORDER BY tier, status;
SELECT tier, status, COUNT(*) FROM requests GROUP BY GROUPING SETS ((tier), (status)) ORDER BY tier, status;
SELECT approx_count_distinct(source_ip) FROM requests;
SELECT tier, COUNT(*) FROM requests GROUP BY ALL ORDER BY tier;
SELECT MAX(DISTINCT status), SUM(DISTINCT status) FROM requests;
SELECT corr(status, body_bytes) FROM requests;
SELECT first(tier) FROM requests WHERE tier = 'edge';
SELECT AVG(x) FROM (VALUES (1.25), (2.5)) AS t(x);
SELECT SUM(x) FROM (VALUES (0.1), (0.2)) AS t(x);

-- == sets
SELECT source_ip FROM fleet UNION SELECT source_ip FROM fleet ORDER BY source_ip LIMIT 3;
SELECT COUNT(*) FROM (SELECT source_ip FROM fleet UNION ALL SELECT source_ip FROM fleet) AS t;
SELECT COUNT(*) FROM (SELECT source_ip FROM fleet INTERSECT SELECT source_ip FROM requests) AS t;
SELECT COUNT(*) FROM (SELECT source_ip FROM requests EXCEPT SELECT source_ip FROM fleet) AS t;
SELECT 1 AS x UNION ALL SELECT 2.5;
SELECT x / 2 FROM (SELECT 3 AS x UNION ALL SELECT 5) AS t ORDER BY 1;
SELECT 1 AS a, 2 AS b UNION ALL SELECT 3;
SELECT * FROM (SELECT 7 / 2 AS x UNION ALL SELECT 1) AS t ORDER BY x;

-- == order and limit
SELECT source_ip, request_count FROM fleet ORDER BY request_count DESC, source_ip LIMIT 5;
SELECT source_ip FROM fleet ORDER BY source_ip LIMIT 3 OFFSET 2;
SELECT source_ip FROM fleet ORDER BY 1 DESC FETCH FIRST 2 ROWS ONLY;
SELECT DISTINCT ON (tier) tier, event_time FROM requests ORDER BY tier, event_time;
SELECT * FROM runs ORDER BY run;
SELECT COUNT(*) FROM (SELECT * FROM requests LIMIT 7) AS t;
SELECT run FROM runs ORDER BY run LIMIT 0;
SELECT * EXCLUDE (rule) FROM figures ORDER BY id LIMIT 3;
SELECT CASE WHEN status < 300 THEN 'good' WHEN status < 500 THEN 'client' ELSE 'server' END AS s, COUNT(*) FROM requests GROUP BY s ORDER BY s;
SELECT status BETWEEN 200 AND 299 AS good, COUNT(*) FROM requests GROUP BY good ORDER BY good;
SELECT nothing FROM requests;
SELECT * FROM request;
SELECT id, probable FROM figures ORDER BY id;
SELECT bound_rank, COUNT(*) FROM affected_accounts WHERE bound_rank <= 2 GROUP BY 1 ORDER BY 1;
SELECT COUNT(*) FROM accesses WHERE verdict = 'forged';
SELECT event, COUNT(*) FROM timeline GROUP BY event ORDER BY event;
