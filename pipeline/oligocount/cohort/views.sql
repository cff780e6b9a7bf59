-- Views of cohort.duckdb. Each says what it answers; `oligocount query OUT "FROM eligible"`.

CREATE VIEW eligible AS
  SELECT definition, case_id, decision = best AND best = worst AS beyond_doubt, reason
  FROM verdicts WHERE source = 'definition' AND decision = 'OLIGO'
  ORDER BY definition, case_id;
COMMENT ON VIEW eligible IS 'who is oligometastatic under which definition';

CREATE VIEW by_definition AS
  SELECT source, definition, decision, count(*) AS cases
  FROM verdicts GROUP BY ALL ORDER BY source, definition, decision;
COMMENT ON VIEW by_definition IS 'how many cases each definition and study calls what';

CREATE VIEW by_organ AS
  SELECT coalesce(organ, 'unknown') AS organ, count(*) AS lesions,
    count(DISTINCT case_id) AS cases, median(suv_max) AS median_suv_max,
    median(volume_ml) AS median_volume_ml
  FROM lesions WHERE counted GROUP BY 1 ORDER BY lesions DESC, organ;
COMMENT ON VIEW by_organ IS 'counted lesions by organ';

CREATE VIEW by_station AS
  SELECT coalesce(station_ajcc8, station_jes, station_iaslc) AS station, nodal_class,
    count(*) AS lesions, count(DISTINCT case_id) AS cases
  FROM lesions WHERE kind = 'node' AND status <> 'benign'
  GROUP BY ALL ORDER BY lesions DESC, station;
COMMENT ON VIEW by_station IS 'nodes that are not benign, by station';

CREATE VIEW by_class AS
  SELECT estro_eortc_class AS class, estro_eortc_name AS name, count(*) AS cases
  FROM cases WHERE state = 'done' GROUP BY ALL ORDER BY class NULLS LAST;
COMMENT ON VIEW by_class IS 'cases by ESTRO-EORTC class';

CREATE VIEW indeterminate AS
  SELECT v.case_id, v.definition, v.best, v.worst, l.id AS lesion, l.kind, l.status, l.organ,
    coalesce(l.station_ajcc8, l.station_jes, l.station_iaslc) AS station,
    l.longest_diameter_mm, l.suv_max, v.reason
  FROM verdicts v JOIN cases c USING (case_id)
    LEFT JOIN lesions l ON l.case_id = v.case_id AND list_contains(c.decision_critical, l.id)
  WHERE v.source = 'definition' AND v.decision = 'INDETERMINATE'
  ORDER BY v.case_id, v.definition, lesion;
COMMENT ON VIEW indeterminate IS 'undecided cases, with the lesions on which the verdict turns';

CREATE VIEW disagreement AS
  SELECT a.definition AS oligometastatic_under, b.definition AS not_under, a.case_id,
    b.decision AS decision_there, b.reason
  FROM verdicts a JOIN verdicts b USING (case_id)
  WHERE a.source = 'definition' AND b.source = 'definition'
    AND a.decision = 'OLIGO' AND b.decision <> 'OLIGO'
  ORDER BY ALL;
COMMENT ON VIEW disagreement IS 'who is oligometastatic under one definition and not under another';

CREATE VIEW screening AS
  WITH steps AS (
    SELECT 1 AS step, 'rows and folders given' AS what, count(*) AS cases FROM cases
    UNION ALL SELECT 2, 'could be started', count(*) FROM cases WHERE state <> 'refused'
    UNION ALL SELECT 3, 'done', count(*) FROM cases WHERE state = 'done'
    UNION ALL SELECT 4, 'with at least one distant lesion or station', count(*)
      FROM cases WHERE state = 'done' AND N > 0
    UNION ALL SELECT 4 + row_number() OVER (ORDER BY definition), 'oligometastatic: ' || definition,
      count(*) FILTER (decision = 'OLIGO') FROM verdicts WHERE source = 'definition'
      GROUP BY definition
  ) SELECT what, cases FROM steps ORDER BY step;
COMMENT ON VIEW screening IS 'from what was given to who is eligible';

CREATE VIEW exclusions AS
  SELECT 'could be started' AS not_reached, 'the row cannot run' AS reason, count(*) AS cases
    FROM cases WHERE state = 'refused' HAVING count(*) > 0
  UNION ALL SELECT 'done', CASE state WHEN 'failed' THEN error_class ELSE state END, count(*)
    FROM cases WHERE state NOT IN ('refused', 'done') GROUP BY 2
  UNION ALL SELECT 'with at least one distant lesion or station',
      CASE WHEN N_high > 0 THEN 'none for certain, but a doubtful one' ELSE 'no distant lesion or station' END, count(*)
    FROM cases WHERE state = 'done' AND NOT coalesce(N > 0, false) GROUP BY 2
  ORDER BY ALL;
COMMENT ON VIEW exclusions IS 'why cases do not reach a step of `screening`';

CREATE VIEW same_scan AS
  SELECT pet_series_uid, list(case_id ORDER BY case_id) AS cases
  FROM cases WHERE pet_series_uid IS NOT NULL
  GROUP BY pet_series_uid HAVING count(*) > 1 ORDER BY ALL;
COMMENT ON VIEW same_scan IS 'cases that share one PET series: the same scan under two names';

CREATE VIEW doubts AS
  SELECT caveat, count(*) AS cases FROM (SELECT unnest(caveats) AS caveat FROM cases)
  GROUP BY caveat ORDER BY cases DESC, caveat;
COMMENT ON VIEW doubts IS 'how many cases carry which known doubt';

-- An outlier lies beyond three robust standard deviations (1.4826 x the median deviation).
CREATE VIEW outliers AS
  WITH long AS (
    UNPIVOT (SELECT case_id, suv_max, mtv_ml, n_foci::DOUBLE AS n_foci,
        (N_high - N_low)::DOUBLE AS count_interval, seconds, peak_mib
      FROM cases WHERE state = 'done')
    ON suv_max, mtv_ml, n_foci, count_interval, seconds, peak_mib
    INTO NAME measure VALUE value
  ), centre AS (
    SELECT measure, median(value) AS middle, 1.4826 * mad(value) AS spread, count(*) AS n
    FROM long GROUP BY measure
  ) SELECT case_id, measure, value, middle, spread
  FROM long JOIN centre USING (measure)
  WHERE n >= 20 AND spread > 0 AND abs(value - middle) > 3 * spread
  ORDER BY abs(value - middle) / spread DESC, case_id, measure;
COMMENT ON VIEW outliers IS 'cases far from the rest, for a second look (20 cases or more)';

-- Bland and Altman 1986: bias and limits of agreement, machine minus reader.
-- An organ that neither counted in a case is 0 for both there: all edited cases are in its figures.
CREATE VIEW agreement_numbers AS
  WITH organs AS (
    SELECT case_id, subject FROM (SELECT DISTINCT case_id FROM readings),
      (SELECT DISTINCT subject FROM readings WHERE subject LIKE 'organ: %')
  ), pairs AS (
    SELECT case_id, subject, machine, reader FROM readings WHERE subject NOT LIKE 'organ: %'
    UNION ALL SELECT case_id, subject, coalesce(machine, 0), coalesce(reader, 0)
      FROM organs LEFT JOIN readings USING (case_id, subject)
  )
  SELECT subject, count(*) AS cases, avg(machine - reader) AS bias,
    avg(machine - reader) - 1.96 * stddev_samp(machine - reader) AS lower_limit,
    avg(machine - reader) + 1.96 * stddev_samp(machine - reader) AS upper_limit,
    avg((machine = reader)::INTEGER) AS equal_share
  FROM pairs GROUP BY subject ORDER BY subject;
COMMENT ON VIEW agreement_numbers IS 'machine against reader: bias and limits of agreement (Bland-Altman)';

CREATE VIEW ratings AS
  SELECT 'verdict' AS kind, definition AS subject, case_id, machine, reader FROM reader_verdicts
  UNION ALL SELECT 'organ', o.subject[8:], c.case_id,
      CASE WHEN r.machine > 0 THEN 'involved' ELSE 'not involved' END,
      CASE WHEN r.reader > 0 THEN 'involved' ELSE 'not involved' END
    FROM (SELECT DISTINCT case_id FROM readings) c
      CROSS JOIN (SELECT DISTINCT subject FROM readings WHERE subject LIKE 'organ: %') o
      LEFT JOIN readings r ON r.case_id = c.case_id AND r.subject = o.subject;
COMMENT ON VIEW ratings IS 'machine and reader side by side: verdicts, and which organs are involved';

-- Cohen 1960, with his large-sample interval. Null where chance alone explains all agreement.
CREATE VIEW kappas AS
  WITH before AS (
    SELECT kind, subject, machine AS rating,
      count(*) / sum(count(*)) OVER (PARTITION BY kind, subject) AS share
    FROM ratings GROUP BY kind, subject, machine
  ), after AS (
    SELECT kind, subject, reader AS rating,
      count(*) / sum(count(*)) OVER (PARTITION BY kind, subject) AS share
    FROM ratings GROUP BY kind, subject, reader
  ), chance AS (
    SELECT kind, subject, sum(before.share * after.share) AS expected
    FROM before JOIN after USING (kind, subject, rating) GROUP BY kind, subject
  ), told AS (
    SELECT kind, subject, count(*) AS cases, avg((machine = reader)::INTEGER) AS agreement,
      coalesce(any_value(expected), 0) AS expected
    FROM ratings LEFT JOIN chance USING (kind, subject) GROUP BY kind, subject
  ), judged AS (
    SELECT *, CASE WHEN expected < 1 THEN (agreement - expected) / (1 - expected) END AS kappa,
      CASE WHEN expected < 1
        THEN 1.96 * sqrt(agreement * (1 - agreement) / cases) / (1 - expected) END AS half
    FROM told
  ) SELECT kind, subject, cases, agreement, kappa, kappa - half AS lower,
    least(kappa + half, 1) AS upper
  FROM judged ORDER BY kind, subject;
COMMENT ON VIEW kappas IS 'machine against reader: Cohen''s kappa of verdicts and of organs involved';

CREATE VIEW agreement_verdicts AS
  SELECT subject AS definition, cases, agreement, kappa, lower, upper
  FROM kappas WHERE kind = 'verdict' ORDER BY definition;
COMMENT ON VIEW agreement_verdicts IS 'machine against reader: Cohen''s kappa of the decisions';

CREATE VIEW agreement_organs AS
  SELECT subject AS organ, cases, agreement, kappa, lower, upper
  FROM kappas WHERE kind = 'organ' ORDER BY organ;
COMMENT ON VIEW agreement_organs IS 'machine against reader: Cohen''s kappa of which organs are involved';

CREATE VIEW pace AS
  SELECT stage, count(*) AS cases, median(seconds) AS median_seconds, max(seconds) AS most_seconds,
    median(peak_mib) AS median_peak_mib, max(peak_mib) AS most_peak_mib
  FROM stages GROUP BY stage ORDER BY median_seconds DESC;
COMMENT ON VIEW pace IS 'what each stage takes';
