-- The made-up requests behind both inputs: @LINES@ of them over eleven months of 2025, in order of time.
-- Everything follows from the line's number, so the same size gives the same bytes in the same DuckDB.
--
-- Half of the lines belong to ordinary sessions, some four lines each, a thousand at a time. The other
-- half are a crawl: each line has a pass and an account of its own, and only some of the addresses.

CREATE TEMP MACRO pick(list, number) AS list[1 + (number % len(list))::BIGINT];

-- 40 user agents, the first ones the most common.
CREATE TEMP TABLE agents AS
SELECT list(agent ORDER BY rank, agent) AS list FROM (
    SELECT format('Mozilla/5.0 ({}) ExampleBrowser/{}.0', system, version) AS agent, 131 - version AS rank
    FROM unnest(['Windows NT 10.0; Win64; x64', 'Macintosh; Intel Mac OS X 14_5', 'X11; Linux x86_64',
                 'Linux; Android 15; Mobile', 'iPhone; CPU iPhone OS 18_3 like Mac OS X']) AS s(system),
         unnest([131, 130, 128, 124, 118]) AS v(version)
    UNION ALL
    SELECT format('ExampleShop/7.{} ({})', version, system), rank
    FROM unnest(['iOS 18.3', 'iOS 17.6', 'Android 15']) AS s(system),
         unnest(['4.1', '4.0', '3.2', '2.0', '1.5']) WITH ORDINALITY AS v(version, rank)
);

-- 40,000 addresses, all from the ranges kept for documentation; every tenth is IPv4.
CREATE TEMP TABLE addresses AS
SELECT list(address ORDER BY number) AS list FROM (
    SELECT number, CASE WHEN number % 10 = 0
        THEN pick(['192.0.2.', '198.51.100.', '203.0.113.'], number // 10) || (1 + number // 30 % 254)
        ELSE format('2001:db8:{:x}:{:x}::{:x}', 4096 + (hash(number) % 60000)::BIGINT,
                    4096 + (hash(number, 1) % 60000)::BIGINT, 1 + number % 7)
        END AS address
    FROM range(40000) AS r(number)
);

CREATE TEMP VIEW lines AS
WITH numbered AS (
    SELECT number,
           number % 2 = 1 AS crawl,
           CASE WHEN crawl THEN number ELSE -(number // 8000 * 1000 + (hash(number) % 1000)::BIGINT) END AS session,
           1735657200000 + (number * 28857600000) // @LINES@ AS milliseconds
    FROM range(@LINES@) AS r(number)
), drawn AS (
    SELECT *,
           hash(number, 2) AS a, hash(number, 3) AS b, hash(session, 4) AS s,
           (a % 100)::BIGINT AS percent,
           md5(session::VARCHAR) AS token,
           milliseconds // 1000 - 1 - (s % 3000)::BIGINT AS issued
    FROM numbered
)
SELECT make_timestamp(milliseconds * 1000) AS time,
       md5(number::VARCHAR || 'r')[1:16] AS rid,
       addresses.list[1 + (CASE WHEN crawl THEN s % 2300 ELSE s % 40000 END)::BIGINT] AS client,
       CASE WHEN NOT crawl AND percent < 8 THEN 'POST' ELSE 'GET' END AS method,
       CASE
           WHEN method = 'POST' THEN pick(['/login', '/cart', '/orders', '/member/information'], b)
           WHEN crawl THEN pick(['/member/information/edit', '/member/addresses',
                                 format('/member/addresses/{}/edit', 1 + (b % 12)::BIGINT),
                                 format('/member/orders?page={}', 1 + (b % 40)::BIGINT)], a)
           WHEN percent < 25 THEN '/'
           WHEN percent < 70 THEN format('/products/{}?from={}', (b % 90000)::BIGINT,
                                         pick(['search', 'home', 'recommended', 'cart'], a))
           ELSE pick(['/member/orders', '/member/addresses', '/categories/shoes', '/cart', '/api/v2/stock'], b)
       END AS path,
       CASE WHEN path = '/login' THEN 302 WHEN b % 200 = 0 THEN 404 WHEN b % 900 = 1 THEN 503
            WHEN b % 40 = 2 THEN 304 ELSE 200 END AS status,
       CASE WHEN status IN (302, 304) THEN 0 ELSE 64 + (b % 15000)::BIGINT END AS bytes,
       CASE WHEN NOT crawl AND percent % 3 = 0 THEN 'https://shop.example/' ELSE '-' END AS referrer,
       agents.list[1 + least(s % 40, (s // 64) % 40)::BIGINT] AS ua,
       'https://login.shop.example' AS iss,
       CASE WHEN crawl THEN 'standby-2024-05' ELSE pick(['primary-2023-05', 'primary-2025-05'], s) END AS kid,
       token[1:24] AS jti,
       (1 + s % 33700000)::BIGINT::VARCHAR AS sub,
       issued AS iat,
       issued + 3600 AS exp
FROM drawn, agents, addresses;
