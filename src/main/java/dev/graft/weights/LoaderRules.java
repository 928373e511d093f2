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
 * Which programs take a result, told from the method and the base's configuration. The rules are
 * what the programs' sources check (vLLM peft_helper.py, SGLang lora_config.py, TGI
 * adapters/lora.py, llama.cpp convert_lora_to_gguf.py and llama-adapter.cpp), including what they
 * ignore in silence.
 */
public final class LoaderRules {
  private static final String MERGE = "merge it into the base: graft merge, or output.merged";
  private static final String PLAIN = "load its plain form, plain_lora";
  private static final String GGUF = "as GGUF: graft gguf, or output.gguf";
  private static final String CONVERTED =
      "see the result that this directory lies in, which is for the base as it is";

  /** What vLLM's and SGLang's {@code max_lora_rank} is unless set. */
  private static final int DEFAULT_MAX_RANK = 16;

  private static final List<List<String>> TOGETHER =
      List.of(List.of("k_proj", "q_proj", "v_proj"), List.of("gate_proj", "up_proj"));

  private LoaderRules() {}

  /**
   * One verdict for each program, in the order of {@link Loader}.
   *
   * @param base with the head that the result has
   */
  public static List<Compatibility> of(AdapterMethod method, ModelConfig base) {
    return Arrays.stream(Loader.values()).map(loader -> of(loader, method, base)).toList();
  }

  /** Whether some program needs the factors in their plain form. */
  public static boolean wantPlainForm(AdapterMethod method, ModelConfig base) {
    return of(method, base).stream().anyMatch(each -> each.reasons().contains(PLAIN));
  }

  /** What of an adapter llama.cpp takes, in its own format. */
  public enum Factors {
    AS_TRAINED,
    PLAIN
  }

  /**
   * Which form of an adapter {@code GgufAdapter} is to be given.
   *
   * @param base with the head that the result has
   * @throws IllegalArgumentException if llama.cpp takes none of its forms as an adapter, with the
   *     reasons
   */
  public static Factors ggufFactors(AdapterMethod method, ModelConfig base) {
    List<String> reasons = of(Loader.LLAMA_CPP, method, base).reasons();
    if (!reasons.contains(GGUF)) {
      throw new IllegalArgumentException(
          "llama.cpp takes no such adapter: " + String.join("; ", reasons));
    }
    return reasons.contains(PLAIN) ? Factors.PLAIN : Factors.AS_TRAINED;
  }

  /**
   * Which form of an adapter a program that reads PEFT directories is to be given.
   *
   * @param base with the head that the result has
   * @throws IllegalArgumentException if it takes none of its forms as an adapter, with the reasons
   */
  public static Factors factors(Loader loader, AdapterMethod method, ModelConfig base) {
    Compatibility found = of(loader, method, base);
    if (found.verdict() == Verdict.LOADS) return Factors.AS_TRAINED;
    if (found.reasons().contains(PLAIN)) return Factors.PLAIN;
    throw new IllegalArgumentException(
        "%s takes no such adapter: %s"
            .formatted(loader.wireName(), String.join("; ", found.reasons())));
  }

  /**
   * Why an adapter has no form as plain factors of LoRA; null where it has.
   *
   * @param base with the head that the result has
   */
  public static @Nullable String plainObstacle(AdapterMethod method, ModelConfig base) {
    return switch (method) {
      case Lora lora -> {
        List<String> obstacles = LoraObstacles.hard(lora, base);
        if (!obstacles.isEmpty()) yield String.join("; ", obstacles);
        yield LoraObstacles.isLinear(lora, base)
            ? null
            : "plain factors are for linear layers, not for a token table or the output matrix";
      }
      case AdapterMethod.Targeted targeted
          when LoraObstacles.plainRank(targeted, base) > 0
              && !LoraObstacles.splitsTied(targeted.modulesToSave(), base) ->
          null;
      case AdapterMethod.Targeted _, Prompted _, Bottleneck _ ->
          "what this method trains cannot be said as factors of LoRA";
      case AdapterMethod.Full _, Freeze _ -> "this is a whole model, not an adapter";
    };
  }

  /** Of the plain factors of a LoRA; none where training decides them. */
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

  /** Everything but PEFT wants plain LoRA, and a family that it serves adapters on. */
  private static Compatibility lora(Loader loader, Lora lora, ModelConfig base) {
    if (loader == Loader.PEFT) return new Compatibility(loader, Verdict.LOADS, ofPeft(lora));
    if (ModelConfig.isEncoder(base.modelType())) return noEncoder(loader, base);
    List<String> reasons = new ArrayList<>(LoraObstacles.hard(lora, base));
    boolean plainForm = reasons.isEmpty() && LoraObstacles.isLinear(lora, base);
    if (!servesAdapters(loader, base)) {
      reasons.add(loader.wireName() + " serves no adapters on " + base.modelType());
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
      return List.of("needs a GPU and bitsandbytes, to quantise the base when it loads it");
    }
    return lora.initLoraWeights().changesBase()
        ? List.of("on the very base that it trained on, whose decomposition it repeats")
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
        hints.add("older versions need " + String.join(", ", group) + " adapted together");
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
    String reason = loader.wireName() + " takes LoRA only";
    if (LoraObstacles.splitsTied(method.modulesToSave(), base)) {
      return new Compatibility(loader, Verdict.NO, List.of(reason));
    }
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
    String reason = loader.wireName() + " takes LoRA only, and virtual tokens cannot be merged";
    return new Compatibility(loader, Verdict.NO, List.of(reason));
  }

  private static Compatibility bottleneck(Loader loader) {
    String reason =
        loader == Loader.PEFT
            ? "peft has no bottleneck adapters: Graft itself answers with them"
            : loader.wireName() + " takes LoRA only, and bottleneck adapters cannot be merged";
    return new Compatibility(loader, Verdict.NO, List.of(reason));
  }

  private static Compatibility whole(Loader loader, ModelConfig base) {
    if (loader == Loader.PEFT) {
      return new Compatibility(
          loader, Verdict.NO, List.of("this is a whole model: transformers loads it"));
    }
    if (ModelConfig.isEncoder(base.modelType())) return noEncoder(loader, base);
    if (loader == Loader.LLAMA_CPP) {
      return new Compatibility(
          loader, Verdict.WITH_CONVERSION, List.of("convert it with convert_hf_to_gguf.py"));
    }
    return new Compatibility(loader, Verdict.LOADS, List.of("load it as a model, not an adapter"));
  }

  private static Compatibility noEncoder(Loader loader, ModelConfig base) {
    String reason = "not known to serve classifiers of " + base.modelType() + "; use transformers";
    return new Compatibility(loader, Verdict.NO, List.of(reason));
  }

  /** What of a LoRA a program that wants plain factors does not take. */
  static final class LoraObstacles {
    /** Rank of a LoRA, at most. */
    private static final int MOST_R = 1024;

    private LoraObstacles() {}

    /** What plain factors cannot say. */
    static List<String> hard(Lora lora, ModelConfig base) {
      List<String> obstacles = new ArrayList<>();
      if (lora.variant().useDora()) obstacles.add("use_dora: its lengths are not loaded");
      if (lora.variant().loraBias()) obstacles.add("lora_bias: the bias of B is not loaded");
      if (lora.variant().bias() != Bias.NONE) {
        obstacles.add("bias \"" + lora.variant().bias().name().toLowerCase(Locale.ROOT) + "\"");
      }
      if (!lora.extras().modulesToSave().isEmpty()
          || base.task() instanceof Task.SequenceClassification) {
        obstacles.add("modules_to_save: modules that trained whole are not loaded");
      }
      if (!lora.extras().trainableTokenIndices().isEmpty()) {
        obstacles.add("trainable_token_indices: trained rows of the embedding are not loaded");
      }
      if (lora.initLoraWeights().changesBase()) {
        obstacles.add("init_lora_weights: the factors fit a changed base only");
      }
      if (lora.initLoraWeights() instanceof LoraInit.Loftq) {
        obstacles.add("init_lora_weights: the factors fit the base as LoftQ quantises it");
      }
      return obstacles;
    }

    /** What one program does not notice, so that the update is scaled wrongly or left out. */
    static List<String> soft(Loader loader, Lora lora, ModelConfig base) {
      boolean ranks = !lora.patterns().rankPattern().isEmpty();
      boolean alphas = !lora.patterns().alphaPattern().isEmpty();
      if (lora.initLoraWeights() instanceof LoraInit.Eva eva && eva.rho() > 1) {
        // a result has the patterns that its data gave it
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
            obstacles.add("one matrix is token table and output: it takes no adapter");
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
          : List.of("a projection is skipped unless all layers have it adapted");
    }

    /** Whether nothing but linear layers is adapted: plain factors are for no other modules. */
    static boolean isLinear(Lora lora, ModelConfig base) {
      LinearTargets.AdaptedModules modules =
          LinearTargets.AdaptedModules.of(lora.targets(), lora.extras().modulesToSave(), base);
      return modules.tables().isEmpty() && !modules.output();
    }

    /** Whether the weights can hold the update. */
    static boolean merges(Lora lora, ModelConfig base) {
      if (splitsTied(lora.extras().modulesToSave(), base)) return false;
      if (splitsTied(paths(lora, base), base)) return false;
      if (!lora.variant().loraBias()) return true;
      Set<String> names = base.parameterNames();
      return paths(lora, base).stream().allMatch(path -> names.contains(path + ".bias"));
    }

    /** Whether modules have one side of a token table that is also the output matrix. */
    static boolean splitsTied(List<String> modules, ModelConfig base) {
      return base.sharesTable()
          && modules.stream()
              .anyMatch(
                  name ->
                      base.inputEmbedding().endsWith(name + ".weight")
                          || base.outputModule().endsWith(name));
    }

    /** Rank of the plain factors that say the same, at most; 0 = none do. */
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

    /** Last parts of the adapted modules' paths. */
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

    /** As it calls itself. */
    public String wireName() {
      return wireName;
    }
  }

  /**
   * What one program makes of a result.
   *
   * @param reasons what stands in the way and what to do about it, or what to set; one sentence
   *     each
   */
  public record Compatibility(LoaderRules.Loader loader, Verdict verdict, List<String> reasons) {
    /** Whether the result does what it did in training. */
    public enum Verdict {
      /** As it is. */
      LOADS,
      /** In another form that means the same; the reasons name it. */
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
