package dev.graft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Rules, dashboards, runbook and the page of metrics know each other. */
class ObservabilityTests {
  private static final Pattern METRIC =
      Pattern.compile(
          "^\\| `(\\w+)` \\| (counter|gauge|histogram) \\| ([^|]*) \\|", Pattern.MULTILINE);
  private static final Pattern HEADING = Pattern.compile("^## (Graft\\w+)$", Pattern.MULTILINE);
  private static final Pattern SELECTOR =
      Pattern.compile("(?<![\\w$.])([a-zA-Z_]\\w*)(?:\\{([^}]*)})?");
  private static final Pattern GROUPING = Pattern.compile("\\b(by|on)\\s*\\(([^)]*)\\)");
  private static final Pattern MATCHER = Pattern.compile("(\\w+)\\s*(?:=~|!~|!=|=)\\s*\"");
  private static final Set<String> WORDS =
      Set.of(
          "sum",
          "max",
          "min",
          "count",
          "topk",
          "by",
          "on",
          "and",
          "or",
          "unless",
          "rate",
          "increase",
          "histogram_quantile",
          "absent",
          "vector",
          "label_values");

  /** Of every scrape. */
  private static final Set<String> SCRAPED = Set.of("instance", "job", "le");

  private static final Map<String, Set<String>> METRICS = metrics();

  @Test
  void everyAlertSaysWhatItIsAndWhatToDo() {
    Set<String> names = new TreeSet<>();
    for (Map<String, Object> rule : rules()) {
      String name = (String) rule.get("alert");
      assertThat(rule.keySet())
          .as(name)
          .isSubsetOf("alert", "expr", "for", "labels", "annotations")
          .contains("alert", "expr", "labels", "annotations");
      assertThat(names.add(name)).as("%s once", name).isTrue();
      assertThat(map(rule.get("labels")))
          .hasSize(1)
          .hasEntrySatisfying("severity", each -> assertThat(each).isIn("critical", "warning"));
      assertThat(map(rule.get("annotations")))
          .containsOnlyKeys("summary", "runbook")
          .containsEntry("runbook", "docs/runbook.md#" + name.toLowerCase(java.util.Locale.ROOT));
      if (rule.containsKey("for")) assertThat((String) rule.get("for")).matches("\\d+[smh]");
    }
    assertThat(names).hasSizeGreaterThan(10);
    assertThat(
            HEADING.matcher(Sources.text("docs/runbook.md")).results().map(each -> each.group(1)))
        .containsExactlyInAnyOrderElementsOf(names);
  }

  @Test
  void everyRuleAsksForDocumentedMetricsAndLabels() {
    for (Map<String, Object> rule : rules()) {
      check((String) rule.get("alert"), (String) rule.get("expr"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"graft-jobs", "graft-server"})
  void everyPanelAsksForDocumentedMetricsAndHasAPlace(String name) {
    JsonNode board =
        JsonMapper.shared().readTree(Sources.text("observability/grafana/%s.json".formatted(name)));
    assertThat(board.path("uid").asString()).isEqualTo(name);
    assertThat(board.path("schemaVersion").asInt()).isPositive();
    Set<Integer> ids = new HashSet<>();
    Set<List<Integer>> taken = new HashSet<>();
    for (JsonNode panel : board.path("panels")) {
      String title = panel.path("title").asString();
      assertThat(title).isNotBlank();
      assertThat(ids.add(panel.path("id").asInt())).as("%s has its own id", title).isTrue();
      place(title, panel.path("gridPos"), taken);
      if (panel.path("type").asString().equals("row")) continue;
      assertThat(panel.path("type").asString()).isIn("timeseries", "stat");
      assertThat(panel.path("targets").isEmpty()).as(title).isFalse();
      for (JsonNode target : panel.path("targets")) {
        assertThat(target.path("datasource").path("uid").asString()).isEqualTo("${datasource}");
        check(title, target.path("expr").asString());
      }
    }
    for (JsonNode variable : board.path("templating").path("list")) {
      if (variable.path("type").asString().equals("query")) {
        variables(variable.at("/query/query").asString());
      }
    }
  }

  private static void place(String title, JsonNode grid, Set<List<Integer>> taken) {
    int x = grid.path("x").asInt();
    int y = grid.path("y").asInt();
    assertThat(x + grid.path("w").asInt()).as(title).isBetween(1, 24);
    for (int i = x; i < x + grid.path("w").asInt(); i++) {
      for (int j = y; j < y + grid.path("h").asInt(); j++) {
        assertThat(taken.add(List.of(i, j))).as("%s lies on another", title).isTrue();
      }
    }
  }

  private static void variables(String query) {
    Pattern named = Pattern.compile("graft_\\w+");
    assertThat(named.matcher(query).results().map(MatchResult::group))
        .isNotEmpty()
        .allMatch(METRICS::containsKey);
  }

  /** By the words of PromQL: names of metrics, and of their labels. */
  private static void check(String of, String expression) {
    List<Integer> open = new ArrayList<>(List.of(0, 0, 0));
    String bare = expression.replaceAll("\"[^\"]*\"", "\"\"");
    bare.chars()
        .forEach(
            c -> {
              int kind = "([{".indexOf(c) + ")]}".indexOf(c) + 1;
              if (kind < 0) return;
              open.set(kind, open.get(kind) + ("([{".indexOf(c) >= 0 ? 1 : -1));
              assertThat(open.get(kind)).as(of).isNotNegative();
            });
    assertThat(open).as("%s: %s", of, expression).containsOnly(0);
    Set<String> labels = new TreeSet<>(SCRAPED);
    Set<String> grouped = new TreeSet<>();
    GROUPING
        .matcher(bare)
        .results()
        .forEach(each -> grouped.addAll(List.of(each.group(2).strip().split("\\s*,\\s*"))));
    grouped.remove("");
    int metrics = 0;
    for (MatchResult each :
        SELECTOR.matcher(GROUPING.matcher(bare).replaceAll("")).results().toList()) {
      if (WORDS.contains(each.group(1))) continue;
      Set<String> own = own(each.group(1));
      assertThat(own).as("%s of %s is in docs/metrics.md", each.group(1), of).isNotNull();
      metrics++;
      labels.addAll(own);
      if (each.group(2) == null) continue;
      assertThat(MATCHER.matcher(each.group(2)).results().map(match -> match.group(1)))
          .as("%s of %s", each.group(1), of)
          .allMatch(label -> own.contains(label) || SCRAPED.contains(label));
    }
    assertThat(metrics).as(of).isPositive();
    assertThat(labels).as("%s: %s", of, expression).containsAll(grouped);
  }

  /** Labels of a metric, or of a part of a histogram; null if it is not documented. */
  private static Set<String> own(String name) {
    if (name.equals("up")) return Set.of();
    Set<String> whole = METRICS.get(name);
    return whole != null ? whole : METRICS.get(name.replaceFirst("_(bucket|sum|count)$", ""));
  }

  private static Map<String, Set<String>> metrics() {
    Map<String, Set<String>> metrics = new HashMap<>();
    METRIC
        .matcher(Sources.text("docs/metrics.md"))
        .results()
        .forEach(
            row ->
                metrics.put(
                    row.group(1),
                    new TreeSet<>(
                        Pattern.compile("\\w+")
                            .matcher(row.group(3))
                            .results()
                            .map(MatchResult::group)
                            .toList())));
    return metrics;
  }

  private static List<Map<String, Object>> rules() {
    List<Map<String, Object>> rules = new ArrayList<>();
    Map<String, Object> file = map(new Yaml().load(Sources.text("observability/graft-alerts.yml")));
    for (Object group : (List<?>) file.get("groups")) {
      assertThat(map(group)).containsOnlyKeys("name", "rules");
      ((List<?>) map(group).get("rules")).forEach(rule -> rules.add(map(rule)));
    }
    return rules;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Object yaml) {
    return (Map<String, Object>) yaml;
  }
}
