package dev.graft.datasets;

import dev.graft.artifacts.Digest;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.text.Example;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * An uploaded, validated file that a job may train on.
 *
 * @param bytes of its JSONL rows, as {@code digest}; the file itself may have come packed or as CSV
 * @param longestRow bytes of the longest row as JSON; null if it was validated before that was
 *     noted
 * @param kind of its rows; null if it was validated before that was noted
 */
public record TrainingFile(
    String id,
    String departmentId,
    String filename,
    long bytes,
    Digest digest,
    int examples,
    @Nullable Integer longestRow,
    Example.@Nullable Kind kind) {
  /**
   * The file, if its rows are what a job learns from.
   *
   * @param param the request's name for the file
   * @throws RequestFailed if they are not
   */
  public TrainingFile requireRows(Objective objective, String param) {
    Example.Kind rows = kind;
    if (rows == null) return this;
    boolean fits =
        switch (rows) {
          case PREFERENCE -> objective.pairs();
          case LABEL, LABELS -> objective.labelsRows();
          case CHAT, CHAT_COMPLETION, PROMPT_COMPLETION, TEXT ->
              !objective.pairs() && !objective.labelsRows();
        };
    if (fits) return this;
    throw RequestFailed.invalid(
        param,
        "%s begins with %s, which the objective %s does not learn from. Set %s to %s."
            .formatted(
                id,
                rows.words(),
                objective.name().toLowerCase(Locale.ROOT),
                "adapter.objective",
                objectives(rows)));
  }

  private static String objectives(Example.Kind rows) {
    return switch (rows) {
      case PREFERENCE -> "dpo or orpo, or method.type to dpo";
      case LABEL -> "classification, or to regression where the labels are numbers to predict";
      case LABELS -> "classification";
      case CHAT, CHAT_COMPLETION, PROMPT_COMPLETION, TEXT ->
          "sft or pretraining, and method.type to supervised";
    };
  }
}
