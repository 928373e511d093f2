package dev.graft.pg;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** What PostgreSQL did for one statement, with the numbers of rows that it met. */
public final class Plan {
  private static final Set<String> SORTS = Set.of("Sort", "Incremental Sort");

  private final List<JsonNode> nodes = new ArrayList<>();
  private final JsonNode root;

  Plan(JsonNode root) {
    this.root = root;
    collect(root);
  }

  private void collect(JsonNode node) {
    nodes.add(node);
    node.path("Plans").forEach(this::collect);
  }

  /** Names of the tables that are read from one end to the other. */
  public List<String> tablesReadWhole() {
    return nodes.stream()
        .filter(node -> node.path("Node Type").asString().equals("Seq Scan"))
        .map(node -> node.path("Relation Name").asString())
        .distinct()
        .toList();
  }

  /** Rows that scans of a table met, whether they kept them or not. */
  public long rowsRead(String table) {
    return nodes.stream()
        .filter(node -> node.path("Relation Name").asString("").equals(table))
        .filter(node -> node.path("Node Type").asString().endsWith("Scan"))
        .mapToLong(Plan::met)
        .sum();
  }

  /** The most rows that any sort was given. */
  public long mostRowsSorted() {
    return nodes.stream()
        .filter(node -> SORTS.contains(node.path("Node Type").asString()))
        .flatMap(sort -> sort.path("Plans").valueStream())
        .filter(input -> input.path("Parent Relationship").asString().equals("Outer"))
        .mapToLong(input -> Math.round(input.path("Actual Rows").asDouble()))
        .max()
        .orElse(0);
  }

  private static long met(JsonNode scan) {
    double each =
        scan.path("Actual Rows").asDouble()
            + scan.path("Rows Removed by Filter").asDouble(0)
            + scan.path("Rows Removed by Index Recheck").asDouble(0);
    return Math.round(each * scan.path("Actual Loops").asDouble());
  }

  @Override
  public String toString() {
    return root.toPrettyString();
  }
}
