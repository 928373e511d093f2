package dev.graft.spec;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * PEFT's {@code trainable_token_indices}: rows that train of the token table, or of modules by
 * name.
 *
 * @param ofTable rows of the token table; then there are no names
 * @param byModule rows by the end of a module's path, such as {@code embed_tokens} or {@code
 *     lm_head}
 */
public record TokenIndices(List<Integer> ofTable, SortedMap<String, List<Integer>> byModule) {
  public static final TokenIndices NONE = new TokenIndices(List.of(), new TreeMap<>());

  private static final String KEY = "trainable_token_indices";
  private static final int MOST = 10_000_000;

  public TokenIndices {
    ofTable = List.copyOf(ofTable);
    SortedMap<String, List<Integer>> copies = new TreeMap<>();
    byModule.forEach((name, rows) -> copies.put(name, List.copyOf(rows)));
    byModule = Collections.unmodifiableSortedMap(copies);
  }

  /** Rows of the token table. */
  public TokenIndices(List<Integer> ofTable) {
    this(ofTable, new TreeMap<>());
  }

  public boolean isEmpty() {
    return ofTable.isEmpty() && byModule.isEmpty();
  }

  public static TokenIndices read(Fields peft) {
    JsonNode value = peft.value(KEY);
    if (value == null || !value.isObject()) return new TokenIndices(peft.integers(KEY, 0, MOST));
    SortedMap<String, List<Integer>> byModule = new TreeMap<>();
    Fields modules = peft.object(KEY);
    for (String name : modules.names()) {
      List<Integer> rows = modules.integers(name, 0, MOST);
      if (!name.matches("[A-Za-z0-9_.]{1,200}")) modules.refuse(name, "is no name of a module");
      else if (rows.isEmpty()) modules.refuse(name, "must be the rows that train");
      else byModule.put(name, rows);
    }
    return new TokenIndices(List.of(), byModule);
  }

  public void write(ObjectNode peft) {
    if (!ofTable.isEmpty()) ofTable.forEach(peft.putArray(KEY)::add);
    if (byModule.isEmpty()) return;
    ObjectNode modules = peft.putObject(KEY);
    byModule.forEach((name, rows) -> rows.forEach(modules.putArray(name)::add));
  }

  /** As PEFT saves it. */
  public @Nullable Object saved() {
    if (!byModule.isEmpty()) return byModule;
    return ofTable.isEmpty() ? null : new ArrayList<>(ofTable);
  }
}
