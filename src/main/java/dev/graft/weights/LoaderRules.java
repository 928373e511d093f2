package dev.graft.weights;

import dev.graft.spec.AdaLora;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Freeze;
import dev.graft.spec.Ia3;
import dev.graft.spec.LnTuning;
import dev.graft.spec.Lora;
import dev.graft.spec.Lora.LoraVariant.Bias;
import dev.graft.spec.LoraInit;
import dev.graft.spec.Prompted;
import dev.graft.spec.Vera;
import dev.graft.weights.LoaderRules.Compatibility.Verdict;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Determines from the method and the base's configuration which programs load a result. The rules
 * follow the checks in the programs' sources (vLLM peft_helper.py, SGLang lora_config.py, TGI
 * adapters/lora.py, llama.cpp convert_lora_to_gguf.py and llama-adapter.cpp), including what they
 * silently ignore.
 */
public final class LoaderRules {
  private static final String MERGE = "merge it into the base: graft merge, or output.merged";
  private static final String PLAIN = "load the plain form in plain_lora";
  private static final String GGUF = "convert it to GGUF: graft gguf, or output.gguf";
  private static final String CONVERTED =
      "use the result in the parent directory, which is for the unchanged base";

  /** The default of vLLM's and SGLang's {@code max_lora_rank}. */
  private static final int DEFAULT_MAX_RANK = 16;

  private static final List<List<String>> TOGETHER =
      List.of(List.of("k_proj", "q_proj", "v_proj"), List.of("gate_proj", "up_proj"));

  private LoaderRules() {}

  /**
   * Returns a verdict for each program, in the order of {@link Loader}.
   *
   * @param base the base with the result's head
   */
  public static List<Compatibility> of(AdapterMethod method, ModelConfig base) {
    return Arrays.stream(Loader.values()).map(loader -> of(loader, method, base)).toList();
  }

  /** Whether a program needs the factors in their plain form. */
  public static boolean wantPlainForm(AdapterMethod method, ModelConfig base) {
    return of(method, base).stream().anyMatch(each -> each.reasons().contains(PLAIN));
  }

  /** The form of an adapter that a program loads. */
  public enum Factors {
    AS_TRAINED,
    PLAIN
  }

  /**
   * Returns the form of an adapter for {@code GgufAdapter}.
   *
   * @param base the base with the result's head
   * @throws IllegalArgumentException if llama.cpp does not load any form, with the reasons
   */
  public static Factors ggufFactors(AdapterMethod method, ModelConfig base) {
    List<String> reasons = of(Loader.LLAMA_CPP, method, base).reasons();
    if (!reasons.contains(GGUF)) {
      throw new IllegalArgumentException(
          "llama.cpp does not load this adapter: " + String.join("; ", reasons));
    }
    return reasons.contains(PLAIN) ? Factors.PLAIN : Factors.AS_TRAINED;
  }

  /**
   * Returns the form of an adapter for a program that reads PEFT directories.
   *
   * @param base the base with the result's head
   * @throws IllegalArgumentException if the program does not load any form, with the reasons
   */
  public static Factors factors(Loader loader, AdapterMethod method, ModelConfig base) {
    Compatibility found = of(loader, method, base);
    if (found.verdict() == Verdict.LOADS) return Factors.AS_TRAINED;
    if (found.reasons().contains(PLAIN)) return Factors.PLAIN;
    throw new IllegalArgumentException(
        "%s does not load this adapter: %s"
            .formatted(loader.wireName(), String.join("; ", found.reasons())));
  }

  /**
   * Returns why an adapter cannot be converted to plain LoRA factors; null if it can.
   *
   * @param base the base with the result's head
   */
  public static @Nullable String plainObstacle(AdapterMethod method, ModelConfig base) {
    return switch (method) {
      case Lora lora -> {
        List<String> obstacles = LoraObstacles.hard(lora, base);
        if (!obstacles.isEmpty()) yield String.join("; ", obstacles);
        yield LoraObstacles.isLinear(lora, base)
            ? null
            : "plain LoRA factors apply to linear layers only, not to a token table or output matrix";
      }
      case AdapterMethod.Targeted targeted
          when LoraObstacles.plainRank(targeted, base) > 0
              && !LoraObstacles.splitsTied(targeted.modulesToSave(), base) ->
          null;
      case AdapterMethod.Targeted _, Prompted _, Bottleneck _ ->
          "the result of this method cannot be expressed as LoRA factors";
      case AdapterMethod.Full _, Freeze _ -> "this is a whole model, not an adapter";
    };
  }

  /** Returns the ranks of a LoRA's plain factors; empty if training determines them. */
  public static Set<Integer> ranks(AdapterMethod method, ModelConfig base) {
    return method instanceof Lora lora
        ? LoraObstacles.ranks(lora, base).boxed().collect(Collectors.toSet())
        : Set.of();
  }

  private static Compatibility of(Loader loader, AdapterMethod method, ModelConfig base) {
    return switch (method) {
      case Lora lora -> lora(loader, lora, base);
      case AdapterMethod.Targeted targeted -> changed(loader, targeted, base);
      case Prompted _ -> prompted(loader);
      case AdapterMethod.Full _, Freeze _ -> whole(loader, base);
      case Bottleneck _ -> bottleneck(loader);
    };
  }

  /** Programs other than PEFT need plain LoRA and a family for which they serve adapters. */
  private static Compatibility lora(Loader loader, Lora lora, ModelConfig base) {
    if (loader == Loader.PEFT) return new Compatibility(loader, Verdict.LOADS, ofPeft(lora));
    if (ModelConfig.isEncoder(base.modelType())) return noEncoder(loader, base);
    List<String> reasons = new ArrayList<>(LoraObstacles.hard(lora, base));
    boolean plainForm = reasons.isEmpty() && LoraObstacles.isLinear(lora, base);
    if (!servesAdapters(loader, base)) {
      reasons.add(loader.wireName() + " does not serve adapters on " + base.modelType());
      plainForm = false;
    }
    reasons.addAll(LoraObstacles.soft(loader, lora, base));
    if (lora.initLoraWeights().changesBase()) {
      reasons.add(CONVERTED);
      return new Compatibility(loader, Verdict.WITH_CONVERSION, reasons);
    }
    if (!reasons.isEmpty()) {
      boolean merges = LoraObstacles.merges(lora, base);
      if (plainForm) reasons.addAll(plain(loader));
      else if (merges) reasons.add(MERGE);
      return new Compatibility(
          loader, plainForm || merges ? Verdict.WITH_CONVERSION : Verdict.NO, reasons);
    }
    return switch (loader) {
      case PEFT, TGI -> new Compatibility(loader, Verdict.LOADS, List.of());
      case VLLM -> new Compatibility(loader, Verdict.LOADS, flags(rank(lora, base)));
      case SGLANG -> {
        List<String> hints = flags(rank(lora, base));
        hints.addAll(together(lora, base));
        yield new Compatibility(loader, Verdict.LOADS, hints);
      }
      case LLAMA_CPP -> new Compatibility(loader, Verdict.WITH_CONVERSION, List.of(GGUF));
    };
  }

  private static List<String> plain(Loader loader) {
    return loader == Loader.LLAMA_CPP ? List.of(PLAIN, GGUF) : List.of(PLAIN);
  }

  private static List<String> ofPeft(Lora lora) {
    if (lora.initLoraWeights() instanceof LoraInit.Loftq) {
      return List.of("needs a GPU and bitsandbytes to quantise the base when it is loaded");
    }
    return lora.initLoraWeights().changesBase()
        ? List.of("loads on exactly the base of the training, whose decomposition it repeats")
        : List.of();
  }

  private static int rank(Lora lora, ModelConfig base) {
    return LoraObstacles.ranks(lora, base).max().orElse(lora.r());
  }

  private static List<String> flags(int rank) {
    List<String> flags = new ArrayList<>();
    if (rank > DEFAULT_MAX_RANK) {
      flags.add("start the server with --max-lora-rank " + rank + " or more");
    }
    return flags;
  }

  private static List<String> together(Lora lora, ModelConfig base) {
    Set<String> adapted = LoraObstacles.names(lora, base);
    List<String> hints = new ArrayList<>();
    for (List<String> group : TOGETHER) {
      long present = group.stream().filter(adapted::contains).count();
      if (present > 0 && present < group.size()) {
        hints.add("older versions need adapters on all of " + String.join(", ", group));
      }
    }
    return hints;
  }

  private static boolean servesAdapters(Loader loader, ModelConfig base) {
    return switch (base) {
      case DecoderConfig _, Gpt2Config _, GptNeoXConfig _ when loader == Loader.LLAMA_CPP ->
          LlamaCppModel.of(base) != null;
      case DecoderConfig _ -> true;
      case Gpt2Config _, GptNeoXConfig _ -> false;
      case BertConfig _, DistilBertConfig _ -> false;
    };
  }

  private static Compatibility changed(
      Loader loader, AdapterMethod.Targeted method, ModelConfig base) {
    if (loader == Loader.PEFT) return new Compatibility(loader, Verdict.LOADS, List.of());
    if (ModelConfig.isEncoder(base.modelType())) return noEncoder(loader, base);
    String reason = loader.wireName() + " supports LoRA only";
    if (LoraObstacles.splitsTied(method.modulesToSave(), base)) return no(loader, reason);
    int rank = LoraObstacles.plainRank(method, base);
    if (rank > 0 && servesAdapters(loader, base)) {
      List<String> reasons = new ArrayList<>(List.of(reason));
      reasons.addAll(plain(loader));
      if (loader == Loader.VLLM || loader == Loader.SGLANG) reasons.addAll(flags(rank));
      return new Compatibility(loader, Verdict.WITH_CONVERSION, reasons);
    }
    return new Compatibility(loader, Verdict.WITH_CONVERSION, List.of(reason, MERGE));
  }

  private static Compatibility prompted(Loader loader) {
    if (loader == Loader.PEFT) return new Compatibility(loader, Verdict.LOADS, List.of());
    return no(
        loader, loader.wireName() + " supports LoRA only, and virtual tokens cannot be merged");
  }

  private static Compatibility bottleneck(Loader loader) {
    return no(
        loader,
        loader == Loader.PEFT
            ? "peft does not support bottleneck adapters; use Graft's chat"
            : loader.wireName() + " supports LoRA only, and bottleneck adapters cannot be merged");
  }

  private static Compatibility whole(Loader loader, ModelConfig base) {
    if (loader == Loader.PEFT)
      return no(loader, "this is a whole model; load it with transformers");
    if (ModelConfig.isEncoder(base.modelType())) return noEncoder(loader, base);
    if (loader == Loader.LLAMA_CPP) {
      return new Compatibility(
          loader, Verdict.WITH_CONVERSION, List.of("convert it with convert_hf_to_gguf.py"));
    }
    return new Compatibility(loader, Verdict.LOADS, List.of("load it as a model, not an adapter"));
  }

  private static Compatibility noEncoder(Loader loader, ModelConfig base) {
    return no(
        loader, "not known to serve classifiers of " + base.modelType() + "; use transformers");
  }

  private static Compatibility no(Loader loader, String reason) {
    return new Compatibility(loader, Verdict.NO, List.of(reason));
  }

  /** Features of a LoRA that a program for plain factors does not load. */
  static final class LoraObstacles {
    /** The maximum rank of a LoRA. */
    private static final int MOST_R = 1024;

    private LoraObstacles() {}

    /** Returns the features that plain factors cannot express. */
    static List<String> hard(Lora lora, ModelConfig base) {
      List<String> obstacles = new ArrayList<>();
      if (lora.variant().useDora()) obstacles.add("use_dora: its magnitudes are not loaded");
      if (lora.variant().loraBias()) obstacles.add("lora_bias: the bias of B is not loaded");
      if (lora.variant().bias() != Bias.NONE) {
        obstacles.add(
            "bias \"" + lora.variant().bias().wireName() + "\": trained biases are not loaded");
      }
      if (!lora.extras().modulesToSave().isEmpty()
          || base.task() instanceof Task.SequenceClassification) {
        obstacles.add("modules_to_save: modules that trained as a whole are not loaded");
      }
      if (!lora.extras().trainableTokenIndices().isEmpty()) {
        obstacles.add("trainable_token_indices: trained rows of the embedding are not loaded");
      }
      if (lora.initLoraWeights().changesBase()) {
        obstacles.add("init_lora_weights: the factors fit only a changed base");
      }
      if (lora.initLoraWeights() instanceof LoraInit.Loftq) {
        obstacles.add("init_lora_weights: the factors fit the base as LoftQ quantises it");
      }
      return obstacles;
    }

    /** Returns the features that a program ignores, so that the update is wrong or missing. */
    static List<String> soft(Loader loader, Lora lora, ModelConfig base) {
      boolean ranks = !lora.patterns().rankPattern().isEmpty();
      boolean alphas = !lora.patterns().alphaPattern().isEmpty();
      if (lora.initLoraWeights() instanceof LoraInit.Eva eva && eva.rho() > 1) {
        // the training data determines the patterns of the result
        ranks = true;
        alphas |= eva.adjustScalingFactors();
      }
      boolean rslora = lora.variant().useRslora();
      List<String> obstacles = new ArrayList<>();
      switch (loader) {
        case PEFT -> {}
        case VLLM, SGLANG, TGI -> {
          if (ranks) obstacles.add("rank_pattern is ignored: the scale would be wrong");
          if (alphas) obstacles.add("alpha_pattern is ignored: the scale would be wrong");
          if (rslora && loader == Loader.SGLANG) {
            obstacles.add("use_rslora is ignored by older versions: the scale would be wrong");
          }
          if (loader == Loader.TGI) obstacles.addAll(missingLayers(lora, base));
        }
        case LLAMA_CPP -> {
          // the scale is lora_alpha over the rank of each tensor: rank_pattern is honoured
          if (alphas) obstacles.add("alpha_pattern is ignored: the scale would be wrong");
          if (rslora) obstacles.add("use_rslora is ignored: the scale would be wrong");
          if (isOnSharedTable(lora, base)) {
            obstacles.add(
                "the token table is also the output matrix: adapters on it are not supported");
          }
        }
      }
      return obstacles;
    }

    private static boolean isOnSharedTable(Lora lora, ModelConfig base) {
      LlamaCppModel model = LlamaCppModel.of(base);
      return model != null
          && model.sharesTable()
          && paths(lora, base).stream()
              .anyMatch(path -> model.isTable(path) || path.equals(base.outputModule()));
    }

    private static List<String> missingLayers(Lora lora, ModelConfig base) {
      Map<String, Long> layers =
          paths(lora, base).stream()
              .collect(
                  Collectors.groupingBy(
                      path -> path.replaceAll("\\.[0-9]+\\.", ".N."),
                      HashMap::new,
                      Collectors.counting()));
      boolean everywhere =
          layers.entrySet().stream()
              .allMatch(
                  each ->
                      !each.getKey().contains(".N.") || each.getValue() == base.numHiddenLayers());
      return everywhere
          ? List.of()
          : List.of("a projection is ignored unless it has an adapter in all layers");
    }

    /** Whether only linear layers are adapted, as plain factors require. */
    static boolean isLinear(Lora lora, ModelConfig base) {
      LinearTargets.AdaptedModules modules =
          LinearTargets.AdaptedModules.of(lora.targets(), lora.extras().modulesToSave(), base);
      return modules.tables().isEmpty() && !modules.output();
    }

    /** Whether the update can be merged into the weights. */
    static boolean merges(Lora lora, ModelConfig base) {
      if (splitsTied(lora.extras().modulesToSave(), base)) return false;
      if (splitsTied(paths(lora, base), base)) return false;
      if (!lora.variant().loraBias()) return true;
      Set<String> names = base.parameterNames();
      return paths(lora, base).stream().allMatch(path -> names.contains(path + ".bias"));
    }

    /** Whether modules include one side of a token table that is also the output matrix. */
    static boolean splitsTied(List<String> modules, ModelConfig base) {
      return base.sharesTable()
          && modules.stream()
              .anyMatch(
                  name ->
                      base.inputEmbedding().endsWith(name + ".weight")
                          || base.outputModule().endsWith(name));
    }

    /** Returns the maximum rank of equivalent plain factors; 0 if there are none. */
    static int plainRank(AdapterMethod.Targeted method, ModelConfig base) {
      if (!method.modulesToSave().isEmpty() || base.task() instanceof Task.SequenceClassification) {
        return 0;
      }
      return switch (method) {
        case AdaLora ranks -> ranks.bias() == Bias.NONE ? ranks.allocation().initR() : 0;
        case Vera vera -> vera.bias() == Bias.NONE && vera.r() <= MOST_R ? vera.r() : 0;
        case Ia3 _, LnTuning _ -> 0;
      };
    }

    static IntStream ranks(Lora lora, ModelConfig base) {
      return paths(lora, base).stream().mapToInt(lora::rank);
    }

    /** Returns the last parts of the adapted modules' paths. */
    static Set<String> names(Lora lora, ModelConfig base) {
      return paths(lora, base).stream()
          .map(path -> path.substring(path.lastIndexOf('.') + 1))
          .collect(Collectors.toSet());
    }

    private static List<String> paths(Lora lora, ModelConfig base) {
      return LinearTargets.paths(lora.targets(), lora.extras().modulesToSave(), base);
    }
  }

  /** Programs that load adapters. */
  public enum Loader {
    PEFT("peft"),
    VLLM("vllm"),
    SGLANG("sglang"),
    TGI("tgi"),
    LLAMA_CPP("llama.cpp");

    private final String wireName;

    Loader(String wireName) {
      this.wireName = wireName;
    }

    /** Returns the program's name. */
    public String wireName() {
      return wireName;
    }
  }

  /**
   * Whether a program loads a result.
   *
   * @param reasons obstacles with their solutions, or settings to make; one sentence each
   */
  public record Compatibility(LoaderRules.Loader loader, Verdict verdict, List<String> reasons) {
    /** Whether the program computes the same as in training. */
    public enum Verdict {
      /** Yes, with the directory as it is. */
      LOADS,
      /** Yes, with another form that the reasons name. */
      WITH_CONVERSION,
      NO;

      public String wireName() {
        return name().toLowerCase(Locale.ROOT);
      }
    }

    public Compatibility {
      reasons = List.copyOf(reasons);
    }
  }
}
