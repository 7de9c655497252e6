-- title: Crawl runs and phases
-- question: When did the attacker crawl, and how fast?
-- unit: request
-- columns: run, phase, first and last request, requests, requests a minute
-- order: run
SELECT run, phase, first_seen, last_seen, request_count,
       round(request_count * 60.0 / greatest(date_diff('second', first_seen, last_seen), 1), 2) AS requests_per_minute
FROM runs
ORDER BY run
