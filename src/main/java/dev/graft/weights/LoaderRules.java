package dev.graft.weights;

import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.Lora;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Freeze;
import dev.graft.spec.LoraInit;
import dev.graft.weights.Compatibility.Verdict;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
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
      case AdapterMethod.Targeted _, AdapterMethod.Prompted _, Bottleneck _ ->
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
      case AdapterMethod.Prompted _ -> prompted(loader);
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
}
