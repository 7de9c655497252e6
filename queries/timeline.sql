-- title: Timeline
-- question: What happened when, to keys and in the attack?
-- unit: event
-- columns: time, event, key or phase
-- order: time, event, subject
SELECT event_time, event, subject
FROM timeline
ORDER BY event_time, event, subject
