package dev.graft.datasets;

import java.util.LinkedHashMap;
import java.util.Map;

/** The same text of prompt and completion, parted before the space. */
final class TrimmedPrompt {
  private TrimmedPrompt() {}

  static Map<?, ?> of(Map<?, ?> row) {
    boolean texts =
        row.get("prompt") instanceof String prompt
            && prompt.endsWith(" ")
            && !prompt.isBlank()
            && row.get("completion") instanceof String completion
            && !completion.isEmpty();
    if (!texts) return row;
    Map<Object, Object> trimmed = new LinkedHashMap<>(row);
    trimmed.put("prompt", String.valueOf(row.get("prompt")).replaceFirst(" +$", ""));
    String completion = String.valueOf(row.get("completion"));
    boolean begins = Character.isWhitespace(completion.charAt(0));
    trimmed.put("completion", begins ? completion : " " + completion);
    return trimmed;
  }
}
