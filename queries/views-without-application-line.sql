-- title: Views without an application line
-- question: Which pages were delivered without a record of the application?
-- unit: view
-- columns: page, bound, rule, views, first and last
-- order: page, bound, rule
SELECT page, bound, rule, COUNT(*) AS view_count, MIN(event_time) AS first_seen, MAX(event_time) AS last_seen
FROM exposures
WHERE app_line_no IS NULL
GROUP BY page, bound, rule
ORDER BY page, bound, rule
