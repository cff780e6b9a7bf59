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
CREATE VIEW agreement_numbers AS
  SELECT subject, count(*) AS cases, avg(machine - reader) AS bias,
    avg(machine - reader) - 1.96 * stddev_samp(machine - reader) AS lower_limit,
    avg(machine - reader) + 1.96 * stddev_samp(machine - reader) AS upper_limit,
    avg((machine = reader)::INTEGER) AS equal_share
  FROM readings GROUP BY subject ORDER BY subject;
COMMENT ON VIEW agreement_numbers IS 'machine against reader: bias and limits of agreement (Bland-Altman)';

-- Cohen 1960, with his large-sample interval. Null where chance alone explains all agreement.
CREATE VIEW agreement_verdicts AS
  WITH before AS (
    SELECT definition, machine AS decision,
      count(*) / sum(count(*)) OVER (PARTITION BY definition) AS share
    FROM reader_verdicts GROUP BY definition, machine
  ), after AS (
    SELECT definition, reader AS decision,
      count(*) / sum(count(*)) OVER (PARTITION BY definition) AS share
    FROM reader_verdicts GROUP BY definition, reader
  ), chance AS (
    SELECT definition, sum(before.share * after.share) AS expected
    FROM before JOIN after USING (definition, decision) GROUP BY definition
  ), told AS (
    SELECT definition, count(*) AS cases, avg((machine = reader)::INTEGER) AS agreement,
      coalesce(any_value(expected), 0) AS expected
    FROM reader_verdicts LEFT JOIN chance USING (definition) GROUP BY definition
  ), judged AS (
    SELECT *, CASE WHEN expected < 1 THEN (agreement - expected) / (1 - expected) END AS kappa,
      CASE WHEN expected < 1
        THEN 1.96 * sqrt(agreement * (1 - agreement) / cases) / (1 - expected) END AS half
    FROM told
  ) SELECT definition, cases, agreement, kappa, kappa - half AS lower, least(kappa + half, 1) AS upper
  FROM judged ORDER BY definition;
COMMENT ON VIEW agreement_verdicts IS 'machine against reader: Cohen''s kappa of the decisions';
