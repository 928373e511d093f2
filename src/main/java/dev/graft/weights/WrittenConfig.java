package dev.graft.weights;

import java.util.List;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.core.util.Separators.Spacing;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Creates the {@code config.json} of an unquantised checkpoint that is derived from a base. */
public final class WrittenConfig {
  private static final JsonMapper JSON =
      JsonMapper.builder(JsonFields.FACTORY)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  /** Python's layout. */
  private static final DefaultPrettyPrinter PYTHON =
      new DefaultPrettyPrinter(
              Separators.createDefaultInstance().withObjectNameValueSpacing(Spacing.AFTER))
          .withObjectIndenter(new DefaultIndenter("  ", "\n"))
          .withArrayIndenter(new DefaultIndenter("  ", "\n"));

  private WrittenConfig() {}

  /**
   * Returns the base's own fields with class, labels and problem type of the task.
   *
   * @param f32 whether {@code from_pretrained} should load f32 regardless of the base's type
   */
  public static String of(ModelDirectory base, boolean f32) {
    byte[] text = DirectoryFiles.bytes(base.require("config.json"), ModelDirectory.MAX_CONFIG);
    ObjectNode config = (ObjectNode) JSON.readTree(text);
    config.remove("quantization_config");
    if (f32) {
      for (String key : List.of("dtype", "torch_dtype")) {
        if (config.has(key)) config.put(key, "float32");
      }
    }
    if (base.config().task() instanceof Task.SequenceClassification head) {
      classify(config, base.config().modelType(), head);
    }
    return JSON.writer().with(PYTHON).writeValueAsString(config) + "\n";
  }

  private static void classify(
      ObjectNode config, String modelType, Task.SequenceClassification head) {
    ModelType type = ModelType.named(modelType);
    if (type == null) throw new IllegalStateException(modelType);
    config.putArray("architectures").add(type.sequenceClassification());
    config.remove("num_labels");
    ObjectNode id2label = config.putObject("id2label");
    ObjectNode label2id = config.putObject("label2id");
    for (int i = 0; i < head.labels().size(); i++) {
      id2label.put(Integer.toString(i), head.labels().get(i));
      label2id.put(head.labels().get(i), i);
    }
    config.put("problem_type", head.problem().wireName());
  }
}
