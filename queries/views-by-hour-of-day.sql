-- title: Views by hour of the day
-- question: At which hours (UTC) did the attacker work?
-- unit: view, day
-- columns: hour of the day, views, days on which there were any
-- order: hour
SELECT date_part('hour', event_time) AS hour, COUNT(*) AS view_count,
       COUNT(DISTINCT CAST(event_time AS DATE)) AS day_count
FROM exposures
GROUP BY date_part('hour', event_time)
ORDER BY hour
