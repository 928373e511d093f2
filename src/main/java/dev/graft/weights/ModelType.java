package dev.graft.weights;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The supported values of {@code model_type}, with the names of their classes in transformers. */
public enum ModelType {
  LLAMA("llama", "Llama"),
  MISTRAL("mistral", "Mistral"),
  QWEN2("qwen2", "Qwen2"),
  QWEN3("qwen3", "Qwen3"),
  GEMMA("gemma", "Gemma"),
  GEMMA2("gemma2", "Gemma2"),
  GEMMA3("gemma3_text", "Gemma3Text", "Gemma3ForCausalLM"),
  PHI3("phi3", "Phi3"),
  OLMO2("olmo2", "Olmo2"),
  GRANITE("granite", "Granite"),
  SMOLLM3("smollm3", "SmolLM3"),
  GPT2("gpt2", "GPT2", "GPT2LMHeadModel"),
  GPT_NEOX("gpt_neox", "GPTNeoX"),
  BERT("bert", "Bert", ""),
  ROBERTA("roberta", "Roberta", ""),
  XLM_ROBERTA("xlm-roberta", "XLMRoberta", ""),
  DISTILBERT("distilbert", "DistilBert", "");

  public static final String SUPPORTED =
      "; supported: model_type "
          + Arrays.stream(values()).map(type -> type.text).collect(Collectors.joining(", "));

  private final String text;
  private final String prefix;
  private final String causalLm;

  ModelType(String text, String prefix) {
    this(text, prefix, prefix + "ForCausalLM");
  }

  ModelType(String text, String prefix, String causalLm) {
    this.text = text;
    this.prefix = prefix;
    this.causalLm = causalLm;
  }

  /** Returns the value in the configuration. */
  public String text() {
    return text;
  }

  public static @Nullable ModelType named(@Nullable String text) {
    return Arrays.stream(values()).filter(type -> type.text.equals(text)).findFirst().orElse(null);
  }

  public boolean encoder() {
    return causalLm.isEmpty();
  }

  /** Returns the class that generates text; null for encoders. */
  public @Nullable String causalLm() {
    return encoder() ? null : causalLm;
  }

  public String sequenceClassification() {
    return prefix + "ForSequenceClassification";
  }

  /** Returns the classes whose checkpoints contain the base without a head that Graft trains. */
  List<String> headless() {
    return encoder()
        ? List.of(prefix + "Model", prefix + "ForMaskedLM", prefix + "ForPreTraining")
        : List.of(prefix + "Model");
  }
}
