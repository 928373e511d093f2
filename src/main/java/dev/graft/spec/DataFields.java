package dev.graft.spec;

import dev.graft.spec.TrainingSpec.DataOptions;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** {@code adapter.data}, in and out. */
final class DataFields {
  private DataFields() {}

  static DataOptions read(Fields fields) {
    Boolean assistantOnly = fields.bool("assistant_only_loss");
    Boolean completionOnly = fields.bool("completion_only_loss");
    boolean maskHistory = isTrue(fields.bool("mask_history"));
    if (maskHistory && (isFalse(assistantOnly) || isFalse(completionOnly))) {
      fields.refuse("mask_history", "contradicts a loss on every token");
    }
    boolean allowSpecialTokens = isTrue(fields.bool("allow_special_tokens"));
    fields.refuseUnknown();
    return new DataOptions(assistantOnly, completionOnly, maskHistory, allowSpecialTokens);
  }

  static void write(ObjectNode json, DataOptions data) {
    json.put("assistant_only_loss", data.assistantOnlyLoss())
        .put("completion_only_loss", data.completionOnlyLoss())
        .put("mask_history", data.maskHistory())
        .put("allow_special_tokens", data.allowSpecialTokens());
  }

  private static boolean isTrue(@Nullable Boolean flag) {
    return flag != null && flag;
  }

  private static boolean isFalse(@Nullable Boolean flag) {
    return flag != null && !flag;
  }
}
