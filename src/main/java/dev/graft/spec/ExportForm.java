package dev.graft.spec;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A form of a finished result that is created on request. */
public sealed interface ExportForm {
  /** The names of requests. */
  enum Kind implements WireName {
    MERGED,
    MERGED_GGUF,
    ADAPTER_GGUF,
    PLAIN_LORA,
    VLLM,
    OLLAMA,
    COMBINED
  }

  /** Element type of the matrices of a GGUF file. */
  enum GgufType implements WireName {
    F16,
    Q8_0
  }

  /**
   * The base with the adapter merged into its weights, as transformers saves a model.
   *
   * @param maxShardSize maximum bytes of a file of weights, unless a single tensor is larger
   */
  record Merged(long maxShardSize) implements ExportForm {}

  /** The merged model as one file for llama.cpp. */
  record MergedGguf(GgufType type) implements ExportForm {}

  /** The adapter as a file that llama.cpp loads with its base. */
  record AdapterGguf() implements ExportForm {}

  /** The adapter as a PEFT directory of a LoRA with one rank, whose factors include the scale. */
  record PlainFactors() implements ExportForm {}

  /**
   * A directory for vLLM's {@code lora_filesystem_resolver}.
   *
   * @param base the model that vLLM is started with, as its command line names it
   * @param name the name of the directory, which clients use as the model
   */
  record Vllm(String base, String name) implements ExportForm {}

  /**
   * A Modelfile and the files that it names.
   *
   * @param type the element type of a merged model
   * @param base the name of the adapter's base in Ollama; null = the adapter is merged
   */
  record Ollama(GgufType type, @Nullable String base) implements ExportForm {}

  /** Several adapters combined into one LoRA, as a PEFT directory. */
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

  /** Returns everything but the kind; equal forms have equal options. */
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

  /** Returns the form with this {@link #kind} and these {@link #options}. */
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

  /**
   * How several LoRA adapters of one base are combined: PEFT's {@code add_weighted_adapter}.
   *
   * @param adapters ids of the other adapters, which follow the first
   * @param weights weights of the first and the other adapters
   * @param density fraction of the values that pruning keeps, in (0, 1]; 1 if the type does not
   *     prune
   * @param svdRank rank of the result of a decomposition; null = the largest of the adapters
   * @param seed random seed of DARE, as for {@code torch.manual_seed}
   */
  public record Combination(
      CombinationType type,
      List<String> adapters,
      List<Double> weights,
      double density,
      MajoritySign majoritySign,
      @Nullable Integer svdRank,
      int seed) {
    public Combination {
      adapters = List.copyOf(adapters);
      weights = List.copyOf(weights);
      if (weights.size() != adapters.size() + 1) throw new IllegalArgumentException("weights");
    }

    /** How the majority of signs is determined. */
    public enum MajoritySign implements WireName {
      TOTAL,
      FREQUENCY
    }

    /** Returns the settings that affect the result; equal combinations have equal options. */
    public ObjectNode options() {
      ObjectNode options = JsonNodeFactory.instance.objectNode();
      options.put("combination_type", type.wireName());
      adapters.forEach(options.putArray("adapters")::add);
      weights.forEach(options.putArray("weights")::add);
      if (type.prunes()) options.put("density", density);
      if (type.elects()) options.put("majority_sign_method", majoritySign.wireName());
      if (type.decomposes() && svdRank != null) options.put("svd_rank", svdRank);
      if (type.draws()) options.put("seed", seed);
      return options;
    }

    /** Returns the combination with these {@link #options}. */
    static Combination of(JsonNode options) {
      List<String> adapters = new ArrayList<>();
      options.path("adapters").forEach(each -> adapters.add(each.stringValue()));
      List<Double> weights = new ArrayList<>();
      options.path("weights").forEach(each -> weights.add(each.doubleValue()));
      JsonNode rank = options.path("svd_rank");
      return new Combination(
          CombinationType.valueOf(
              options.path("combination_type").stringValue().toUpperCase(Locale.ROOT)),
          adapters,
          weights,
          options.path("density").asDouble(1),
          MajoritySign.valueOf(
              options.path("majority_sign_method").asString("total").toUpperCase(Locale.ROOT)),
          rank.isInt() ? rank.intValue() : null,
          options.path("seed").asInt(0));
    }
  }

  /** PEFT's {@code combination_type}. */
  public enum CombinationType implements WireName {
    SVD,
    LINEAR,
    CAT,
    TIES,
    TIES_SVD,
    DARE_TIES,
    DARE_LINEAR,
    DARE_TIES_SVD,
    DARE_LINEAR_SVD,
    MAGNITUDE_PRUNE,
    MAGNITUDE_PRUNE_SVD;

    /** Whether the products of the factors are combined and decomposed, not the factors. */
    public boolean decomposes() {
      return name().endsWith("SVD");
    }

    /** Whether factors are combined element by element, which needs equal ranks. */
    public boolean needsEqualRanks() {
      return this != CAT && !decomposes();
    }

    /** Whether values are dropped at random (DARE, Yu et al. 2024). */
    public boolean draws() {
      return name().startsWith("DARE");
    }

    /** Whether signs are elected by majority (TIES, Yadav et al. 2023). */
    public boolean elects() {
      return name().contains("TIES");
    }

    public boolean prunes() {
      return draws() || elects() || name().startsWith("MAGNITUDE");
    }
  }
}
