package dev.graft.spec;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A form of a finished result that is made on request. */
public sealed interface ExportForm {
  /** What a request calls them, in lower case. */
  enum Kind {
    MERGED,
    MERGED_GGUF,
    ADAPTER_GGUF,
    PLAIN_LORA,
    VLLM,
    OLLAMA,
    COMBINED;

    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Element type of the matrices of a GGUF file. */
  enum GgufType {
    F16,
    Q8_0;

    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * The base with the adapter in its weights, as transformers saves a model.
   *
   * @param maxShardSize bytes of a file of weights, unless one tensor is more
   */
  record Merged(long maxShardSize) implements ExportForm {}

  /** The same as one file that llama.cpp loads alone. */
  record MergedGguf(GgufType type) implements ExportForm {}

  /** The adapter as llama.cpp loads it beside its base. */
  record AdapterGguf() implements ExportForm {}

  /** The adapter as LoRA of one rank, whose scale is in its factors: a PEFT directory. */
  record PlainFactors() implements ExportForm {}

  /**
   * A directory for vLLM's {@code lora_filesystem_resolver}.
   *
   * @param base the model that vLLM is started with, as it is written there
   * @param name of the directory, which is what clients ask for
   */
  record Vllm(String base, String name) implements ExportForm {}

  /**
   * A Modelfile and what it names.
   *
   * @param type of the merged model
   * @param base the base's name in Ollama, which the adapter is put on; null = it is merged
   */
  record Ollama(GgufType type, @Nullable String base) implements ExportForm {}

  /** Several adapters as one LoRA: a PEFT directory. */
  record Combined(Combination combination) implements ExportForm {}

  default Kind kind() {
    return switch (this) {
      case Merged _ -> Kind.MERGED;
      case MergedGguf _ -> Kind.MERGED_GGUF;
      case AdapterGguf _ -> Kind.ADAPTER_GGUF;
      case PlainFactors _ -> Kind.PLAIN_LORA;
      case Vllm _ -> Kind.VLLM;
      case Ollama _ -> Kind.OLLAMA;
      case Combined _ -> Kind.COMBINED;
    };
  }

  /** Everything beside its kind, so that equal forms have equal options. */
  default ObjectNode options() {
    ObjectNode options = JsonNodeFactory.instance.objectNode();
    switch (this) {
      case Merged(long size) -> options.put("max_shard_size", size);
      case MergedGguf(GgufType type) -> options.put("type", type.wireName());
      case AdapterGguf(), PlainFactors() -> {}
      case Vllm(String base, String name) -> options.put("base", base).put("name", name);
      case Ollama ollama -> {
        if (ollama.base == null) options.put("type", ollama.type.wireName());
        else options.put("base", ollama.base);
      }
      case Combined(Combination combination) -> options.setAll(combination.options());
    }
    return options;
  }

  /** What {@link #kind} and {@link #options} were of. */
  static ExportForm of(String kind, JsonNode options) {
    return switch (Kind.valueOf(kind.toUpperCase(Locale.ROOT))) {
      case MERGED -> new Merged(options.path("max_shard_size").longValue());
      case MERGED_GGUF -> new MergedGguf(type(options));
      case ADAPTER_GGUF -> new AdapterGguf();
      case PLAIN_LORA -> new PlainFactors();
      case VLLM -> new Vllm(options.path("base").stringValue(), options.path("name").stringValue());
      case OLLAMA -> {
        JsonNode base = options.path("base");
        yield new Ollama(type(options), base.isString() ? base.stringValue() : null);
      }
      case COMBINED -> new Combined(Combination.of(options));
    };
  }

  private static GgufType type(JsonNode options) {
    return GgufType.valueOf(options.path("type").asString("f16").toUpperCase(Locale.ROOT));
  }
}
