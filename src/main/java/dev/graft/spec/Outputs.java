package dev.graft.spec;

import tools.jackson.databind.node.ObjectNode;

/**
 * {@code adapter.output}: other forms of the result, each in a directory of its own beside it.
 *
 * @param plainLora where a program ignores something of the trained form that plain factors of LoRA
 *     can say as well, those too
 * @param merged the base with the adapter in its weights, a whole model
 * @param trainedForm where the result has been converted for the base as it is, the factors as they
 *     trained, for {@code peft} only
 * @param gguf the adapter as a file that llama.cpp loads
 */
public record Outputs(boolean plainLora, boolean merged, boolean trainedForm, boolean gguf) {
  public static final Outputs DEFAULT = new Outputs(true, false, false, false);

  public static Outputs read(Fields fields) {
    Boolean plainLora = fields.bool("plain_lora");
    Boolean merged = fields.bool("merged");
    Boolean trainedForm = fields.bool("trained_form");
    Boolean gguf = fields.bool("gguf");
    fields.refuseUnknown();
    return new Outputs(
        plainLora == null || plainLora,
        merged != null && merged,
        trainedForm != null && trainedForm,
        gguf != null && gguf);
  }

  public void write(ObjectNode json) {
    json.put("plain_lora", plainLora)
        .put("merged", merged)
        .put("trained_form", trainedForm)
        .put("gguf", gguf);
  }
}
