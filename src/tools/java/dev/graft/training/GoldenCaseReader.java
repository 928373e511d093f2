package dev.graft.training;

import dev.graft.model.AdamW;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethods;
import dev.graft.spec.LrScheduler;
import dev.graft.spec.Precision;
import dev.graft.spec.Preference;
import dev.graft.spec.Quantization;
import dev.graft.spec.SpecRejected;
import dev.graft.training.GoldenResult.Unsupported;
import dev.graft.weights.FourBitTensor;
import dev.graft.weights.FourBitTensor.BlockScales;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Reads {@code case.json}; anything not implemented yet throws {@link Unsupported}. */
final class GoldenCaseReader {
  private static final JsonMapper JSON = new JsonMapper();

  private static final String LORA_PLUS = "loraplus";

  private static final Set<String> TASKS =
      Set.of("causal-lm", "sequence-classification", "dpo", "orpo");

  private static final List<String> PAIR_SERIES =
      List.of(
          "chosen_rewards",
          "rejected_rewards",
          "reference_chosen_logps",
          "reference_rejected_logps",
          "nll_loss");

  private static final List<String> RANK_SERIES =
      List.of("task_loss", "rank_budget", "active_ranks");

  private GoldenCaseReader() {}

  static GoldenCase read(Path directory) {
    JsonNode root = JSON.readTree(directory.resolve("case.json"));
    JsonNode training = root.path("training");
    if (training.isMissingNode()) throw new Unsupported("single tensors");
    requireSupported(root);
    JsonNode optimiser = training.path("optimizer");
    return new GoldenCase(
        root.path("name").stringValue(""),
        directory,
        directory.resolve(root.path("model").stringValue("")),
        method(root.path("method")),
        training.path("steps").intValue(),
        training.path("gradient_accumulation").intValue(),
        new AdamW(
            optimiser.path("betas").path(0).doubleValue(),
            optimiser.path("betas").path(1).doubleValue(),
            optimiser.path("eps").doubleValue(),
            optimiser.path("weight_decay").doubleValue(),
            decay(optimiser.path("groups").stringValue("")),
            training.path("max_grad_norm").doubleValue(),
            loraPlus(optimiser)),
        optimiser.path("lr").doubleValue(),
        schedule(training.path("schedule").path("type").stringValue("")),
        training.path("schedule").path("warmup_steps").intValue(),
        training.path("label_smoothing").doubleValue(),
        root.path("packed").booleanValue(false),
        quantization(root.path("quantization")),
        precision(training.path("base_dtype").stringValue("")),
        preference(training),
        root.path("trainable").path("parameters").longValue(),
        numbers(root.path("losses")),
        numbers(root.path("grad_norms")),
        numbers(root.path("lrs")),
        series(root, PAIR_SERIES),
        series(root, RANK_SERIES),
        tolerance(root.path("tolerance")),
        new HashSet<>(texts(root.path("cosine_exempt"))),
        generations(root.path("generation")));
  }

  private static void requireSupported(JsonNode root) {
    String task = root.path("task").stringValue("");
    if (!TASKS.contains(task)) throw new Unsupported("task " + task);
  }

  private static Precision precision(String dtype) {
    return switch (dtype) {
      case "float32" -> Precision.F32;
      case "bfloat16" -> Precision.BF16;
      case "float16" -> Precision.F16;
      default -> throw new Unsupported("base_dtype " + dtype);
    };
  }

  /** The reader of requests reads the configuration of a case, too: their names are PEFT's. */
  private static AdapterMethod method(JsonNode method) {
    try {
      String type = method.path("type").stringValue("");
      if (List.of("full", "freeze").contains(type)) {
        ObjectNode settings = JSON.createObjectNode();
        if (method.path("config") instanceof ObjectNode config) settings.setAll(config);
        return AdapterMethods.fromMethod(settings.put("type", type));
      }
      return AdapterMethods.fromSaved(method.path("config"));
    } catch (SpecRejected e) {
      throw new Unsupported(String.valueOf(e.getMessage()));
    }
  }

  private static @Nullable Quantization quantization(JsonNode node) {
    if (node.isMissingNode()) return null;
    if (node.path("blocksize").intValue() != FourBitTensor.BLOCK
        || node.path("nested_blocksize").intValue() != BlockScales.NESTED_BLOCK
        || !texts(node.path("skipped_modules")).equals(List.of("lm_head"))) {
      throw new Unsupported("quantization " + node);
    }
    try {
      String type = node.path("type").stringValue("").toUpperCase(Locale.ROOT);
      return new Quantization.FourBit(
          Quantization.QuantType.valueOf(type), node.path("double").booleanValue());
    } catch (IllegalArgumentException e) {
      throw new Unsupported("quantization.type " + node.path("type"));
    }
  }

  private static @Nullable Preference preference(JsonNode training) {
    if (training.has("orpo")) {
      return new Preference.Orpo(training.path("orpo").path("beta").doubleValue());
    }
    JsonNode dpo = training.path("dpo");
    if (dpo.isMissingNode()) return null;
    String reference = dpo.path("reference").stringValue("");
    if (!reference.equals("adapter-disabled")) throw new Unsupported("reference " + reference);
    String type = dpo.path("loss").stringValue("").toUpperCase(Locale.ROOT);
    try {
      return new Preference.Dpo(
          Preference.LossType.valueOf(type),
          dpo.path("beta").doubleValue(),
          dpo.path("label_smoothing").doubleValue());
    } catch (IllegalArgumentException e) {
      throw new Unsupported("dpo " + dpo);
    }
  }

  /** Numbers of each step, or of each pair of it. */
  private static Map<String, double[]> series(JsonNode root, List<String> names) {
    Map<String, double[]> series = new TreeMap<>();
    for (String name : names) {
      JsonNode node = root.path(name);
      if (node.isMissingNode()) continue;
      DoubleStream.Builder numbers = DoubleStream.builder();
      for (JsonNode each : node) {
        if (each.isArray()) for (JsonNode pair : each) numbers.add(pair.doubleValue());
        else numbers.add(each.doubleValue());
      }
      series.put(name, numbers.build().toArray());
    }
    return series;
  }

  private static AdamW.Decay decay(String groups) {
    return switch (groups) {
      case "all", LORA_PLUS -> AdamW.Decay.ALL;
      case "trainer" -> AdamW.Decay.TRAINER;
      default -> throw new Unsupported("optimizer groups " + groups);
    };
  }

  /** The fixtures have PEFT's default of 1e-6 for embeddings. */
  private static AdamW.@Nullable LoraPlusRates loraPlus(JsonNode optimiser) {
    if (!optimiser.path("groups").stringValue("").equals(LORA_PLUS)) return null;
    return new AdamW.LoraPlusRates(
        optimiser.path("loraplus_lr_ratio").doubleValue(),
        1e-6 / optimiser.path("lr").doubleValue());
  }

  private static LrScheduler schedule(String type) {
    return switch (type) {
      case "linear" -> new LrScheduler.Linear();
      case "cosine" -> new LrScheduler.Cosine();
      case "constant" -> new LrScheduler.Constant();
      case "constant_with_warmup" -> new LrScheduler.ConstantWithWarmup();
      default -> throw new Unsupported("schedule " + type);
    };
  }

  private static Map<String, Double> tolerance(JsonNode node) {
    Map<String, Double> limits = new HashMap<>();
    for (String name : node.propertyNames()) limits.put(name, node.path(name).doubleValue());
    return limits;
  }

  private static List<GoldenCase.Generation> generations(JsonNode node) {
    List<GoldenCase.Generation> all = new ArrayList<>();
    for (int i = 0; i < node.path("prompts").size(); i++) {
      all.add(
          new GoldenCase.Generation(
              ids(node.path("prompts").path(i)),
              ids(node.path("with_adapter").path(i)),
              ids(node.path("adapter_disabled").path(i))));
    }
    return all;
  }

  private static int[] ids(JsonNode node) {
    int[] ids = new int[node.size()];
    for (int i = 0; i < ids.length; i++) ids[i] = node.path(i).intValue();
    return ids;
  }

  private static double[] numbers(JsonNode node) {
    double[] numbers = new double[node.size()];
    for (int i = 0; i < numbers.length; i++) numbers[i] = node.path(i).doubleValue();
    return numbers;
  }

  private static List<String> texts(JsonNode node) {
    List<String> texts = new ArrayList<>();
    for (JsonNode each : node) texts.add(each.stringValue());
    return texts;
  }
}
