package dev.graft.datasets;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The rows that columns of text can make. */
enum CsvKind {
  CHAT(List.of("user", "assistant"), List.of("system")),
  PROMPT_COMPLETION(List.of("prompt", "completion"), List.of()),
  INSTRUCTION(List.of("instruction", "output"), List.of("input", "system")),
  PREFERENCE(List.of("prompt", "chosen", "rejected"), List.of()),
  TEXT(List.of("text"), List.of()),
  LABEL(List.of("text", "label"), List.of());

  /** Every name that a column can have. */
  static final Set<String> FIELDS =
      Arrays.stream(values())
          .flatMap(kind -> kind.fields().stream())
          .collect(Collectors.toCollection(LinkedHashSet::new));

  private final List<String> required;
  private final List<String> optional;

  CsvKind(List<String> required, List<String> optional) {
    this.required = required;
    this.optional = optional;
  }

  /** The kind whose rows have exactly these fields. */
  static Optional<CsvKind> of(Set<String> fields) {
    return Arrays.stream(values())
        .filter(kind -> fields.containsAll(kind.required) && kind.fields().containsAll(fields))
        .findFirst();
  }

  static String words() {
    return Arrays.stream(values())
        .map(
            kind ->
                String.join(", ", kind.required)
                    + (kind.optional.isEmpty()
                        ? ""
                        : " (and " + String.join(", ", kind.optional) + ")"))
        .collect(Collectors.joining("; or "));
  }

  private List<String> fields() {
    List<String> all = new ArrayList<>(required);
    all.addAll(optional);
    return all;
  }

  /**
   * The row, as it travels in JSONL, its keys always in the same order. An optional field whose
   * cell is empty is left out.
   */
  Map<String, Object> row(Map<String, String> cells) {
    Map<String, Object> row = new LinkedHashMap<>();
    for (String field : fields()) {
      String text = cells.get(field);
      if (text != null && (!text.isEmpty() || required.contains(field))) row.put(field, text);
    }
    return this == CHAT ? Map.of("messages", messages(row)) : row;
  }

  private static List<Map<String, Object>> messages(Map<String, Object> byRole) {
    List<Map<String, Object>> messages = new ArrayList<>();
    for (String role : List.of("system", "user", "assistant")) {
      Object text = byRole.get(role);
      if (text == null) continue;
      Map<String, Object> message = new LinkedHashMap<>();
      message.put("role", role);
      message.put("content", text);
      messages.add(message);
    }
    return messages;
  }
}
