-- title: Figures
-- question: What are the figures of the disclosure?
-- unit: as each row says
-- columns: figure, unit, confirmed, probable, possible, rule
-- order: figure
SELECT id, unit, confirmed, probable, possible, rule
FROM figures
ORDER BY id
