package dev.graft.model;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.spec.AdaLora;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethods;
import dev.graft.spec.Lora;
import dev.graft.spec.Vera;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a merge gives, to the bit: results that people have depend on it. Each method's sum is
 * written out here as its definition says it, with the rounding of each step.
 */
class MergedBitsTests {
  private static final Path MODELS = Path.of("src/test/resources/parity/models");

  private final Map<String, NamedTensor> trained = new HashMap<>();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "llama|{'peft_type':'LORA','r':3,'lora_alpha':5,'target_modules':['q_proj','down_proj']}",
        "gpt2|{'peft_type':'LORA','r':3,'use_rslora':true,'target_modules':['c_attn','c_proj']}",
        "llama|{'peft_type':'LORA','r':3,'use_dora':true,'target_modules':['k_proj','down_proj']}",
        "gpt2|{'peft_type':'LORA','r':5,'use_dora':true,'target_modules':['c_attn','wpe']}",
        "llama|{'peft_type':'LORA','r':2,'init_lora_weights':'pissa','target_modules':['o_proj']}",
        "gpt2|{'peft_type':'LORA','r':2,'init_lora_weights':'olora','target_modules':['c_fc']}",
        "llama|{'peft_type':'LORA','r':3,'lora_alpha':7,'target_modules':['embed_tokens']}",
        "llama|{'peft_type':'LORA','r':3,'use_dora':true,'target_modules':['embed_tokens']}",
        "llama|{'peft_type':'LORA','r':3,'lora_alpha':7,'target_modules':['lm_head','v_proj']}",
        "llama|{'peft_type':'ADALORA','init_r':5,'lora_alpha':7,'total_step':9,'target_r':2}",
        "gpt2|{'peft_type':'ADALORA','init_r':5,'lora_alpha':7,'total_step':9,'target_r':2}",
        "llama|{'peft_type':'VERA','r':7,'target_modules':'all-linear'}",
        "gpt2|{'peft_type':'VERA','r':40,'target_modules':'all-linear'}",
      })
  void everyWeightIsTheSumOfItsDefinition(String model, String config) {
    AdapterMethod method =
        AdapterMethods.fromPeft(new JsonMapper().readTree(config.replace('\'', '"')));
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve(model))) {
      Tuner tuner = Tuner.of(method, base);
      for (Slot each : tuner.slots()) {
        trained.put(each.name(), Starts.normal(each, 0.7, 1));
      }
      for (NamedTensor each : tuner.frozen(0)) {
        Slot slot = new Slot(each.name(), each.shape());
        trained.put(each.name(), Starts.normal(slot, 0.7, 1));
      }
      Set<String> changed = new HashSet<>();
      for (ModelConfig.Parameter each : base.config().parameters()) {
        if (!each.name().endsWith(".weight")) continue;
        NamedTensor random = Starts.normal(new Slot(each.name(), each.shape()), 0.1, 2);
        float[] stored = trained.getOrDefault(each.name(), random).toFloats();
        float[] expected = expected(method, each, stored.clone());
        if (!bits(expected).equals(bits(stored))) changed.add(each.name());
        assertThat(bits(tuner.merged(each.name(), stored, trained)))
            .as(each.name())
            .isEqualTo(bits(expected));
      }
      assertThat(changed).isNotEmpty();
    }
  }

  /** A large token table is merged some rows at a time. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "llama|{'peft_type':'LORA','r':3,'use_dora':true,'target_modules':['k_proj','down_proj']}",
        "gpt2|{'peft_type':'LORA','r':3,'use_rslora':true,'target_modules':['c_attn','wpe']}",
        "llama|{'peft_type':'LORA','r':2,'init_lora_weights':'pissa','target_modules':['o_proj']}",
        "llama|{'peft_type':'LORA','r':3,'target_modules':['embed_tokens','lm_head']}",
        "llama|{'peft_type':'LORA','r':3,'modules_to_save':['embed_tokens','lm_head']}",
        "llama|{'peft_type':'LORA','r':3,'trainable_token_indices':[0,1,5,96]}",
        "llama|{'peft_type':'IA3','target_modules':['k_proj','down_proj'],'feedforward_modules':['down_proj']}",
        "gpt2|{'peft_type':'IA3','target_modules':['c_attn','c_fc'],'feedforward_modules':['c_fc']}",
        "llama|{'peft_type':'ADALORA','init_r':5,'lora_alpha':7,'total_step':9,'target_r':2}",
        "gpt2|{'peft_type':'VERA','r':40,'target_modules':'all-linear'}",
      })
  void rowsAreMergedAsTheWholeTensorIs(String model, String config) {
    AdapterMethod method =
        AdapterMethods.fromPeft(new JsonMapper().readTree(config.replace('\'', '"')));
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve(model))) {
      Tuner tuner = Tuner.of(method, base);
      for (NamedTensor each : tuner.frozen(0)) trained.put(each.name(), each);
      for (Slot each : tuner.slots()) trained.put(each.name(), Starts.normal(each, 0.7, 1));
      int changed = 0;
      for (ModelConfig.Parameter each : base.config().parameters()) {
        if (each.shape().length == 1 || !tuner.mergesByRows(each.name())) continue;
        float[] stored = base.weights().stored(each).toFloats();
        float[] whole = tuner.merged(each.name(), stored.clone(), trained);
        if (!Arrays.equals(whole, stored)) changed++;
        int rows = (int) each.shape()[0];
        int width = stored.length / rows;
        for (int first = 0; first < rows; first += 5) {
          int end = Math.min(first + 5, rows);
          float[] some = Arrays.copyOfRange(stored, first * width, end * width);
          float[] merged = tuner.merged(each.name(), new Tuner.WeightRows(some, first), trained);
          assertThat(bits(merged))
              .as("%s from row %d", each.name(), first)
              .isEqualTo(bits(Arrays.copyOfRange(whole, first * width, end * width)));
        }
      }
      assertThat(changed).isPositive();
    }
  }

  private static List<Integer> bits(float[] values) {
    return IntStream.range(0, values.length)
        .mapToObj(i -> Float.floatToRawIntBits(values[i]))
        .toList();
  }

  private float[] floats(String name) {
    return requireNonNull(trained.get(name), name).toFloats();
  }

  private float[] expected(AdapterMethod method, ModelConfig.Parameter of, float[] stored) {
    String path = of.name().substring(0, of.name().length() - ".weight".length());
    boolean table = trained.containsKey(path + ".lora_embedding_A");
    boolean conv1d = of.kind() == ModelConfig.Kind.CONV1D;
    boolean turned = table || conv1d;
    int out = (int) of.shape()[0];
    int in = of.shape().length == 1 ? 1 : (int) of.shape()[1];
    if (turned) {
      int swapped = out;
      out = in;
      in = swapped;
    }
    double[][] sums = new double[out][in];
    switch (method) {
      case Lora lora when table -> {
        sums = product(floats(path + ".lora_embedding_A"), floats(path + ".lora_embedding_B"), in);
        add(stored, sums, lora.scale(path), true);
      }
      case Lora lora when trained.containsKey(path + ".lora_A.weight") -> {
        sums = product(floats(path + ".lora_A.weight"), floats(path + ".lora_B.weight"), in);
        add(stored, sums, lora.scale(path), turned);
        if (trained.containsKey(path + ".initial.lora_A.weight")) {
          float[] a = floats(path + ".initial.lora_A.weight");
          float[] b = floats(path + ".initial.lora_B.weight");
          add(stored, product(a, b, in), -lora.scale(path), turned);
        }
      }
      case AdaLora adaLora when trained.containsKey(path + ".lora_E") -> {
        float[] a = floats(path + ".lora_A.weight");
        float[] b = floats(path + ".lora_B.weight");
        float[] e = floats(path + ".lora_E");
        for (int o = 0; o < out; o++) {
          for (int k = 0; k < e.length; k++) {
            double factor = adaLora.scale() * b[o * e.length + k] * e[k];
            for (int i = 0; i < in; i++) sums[o][i] += factor * a[k * in + i];
          }
        }
        add(stored, sums, 1, turned);
      }
      case Vera vera when trained.containsKey(path + ".vera_lambda_b") -> {
        float[] onB = floats(path + ".vera_lambda_b");
        float[] onD = floats(path + ".vera_lambda_d");
        float[] a = floats("vera_A");
        float[] b = floats("vera_B");
        for (int o = 0; o < out; o++) {
          for (int k = 0; k < vera.r(); k++) {
            double factor = (double) b[o * vera.r() + k] * onD[k];
            int from = k * (a.length / vera.r());
            for (int i = 0; i < in; i++) sums[o][i] += factor * a[from + i];
          }
          for (int i = 0; i < in; i++) {
            stored[turned ? i * out + o : o * in + i] += (float) (onB[o] * sums[o][i]);
          }
        }
      }
      default -> {
        return stored;
      }
    }
    String magnitude = path + ".lora_magnitude_vector";
    if (trained.containsKey(magnitude)) stretch(stored, floats(magnitude), in, turned);
    return stored;
  }

  private static double[][] product(float[] a, float[] b, int in) {
    int r = a.length / in;
    double[][] sums = new double[b.length / r][in];
    for (int o = 0; o < sums.length; o++) {
      for (int i = 0; i < in; i++) {
        for (int k = 0; k < r; k++) sums[o][i] += (double) b[o * r + k] * a[k * in + i];
      }
    }
    return sums;
  }

  private static void add(float[] stored, double[][] sums, double scale, boolean turned) {
    int out = sums.length;
    for (int o = 0; o < out; o++) {
      int in = sums[o].length;
      for (int i = 0; i < in; i++) {
        stored[turned ? i * out + o : o * in + i] += (float) (scale * sums[o][i]);
      }
    }
  }

  private static void stretch(float[] stored, float[] lengths, int in, boolean turned) {
    int out = lengths.length;
    for (int o = 0; o < out; o++) {
      double square = 0;
      for (int i = 0; i < in; i++) {
        double each = stored[turned ? i * out + o : o * in + i];
        square += each * each;
      }
      float factor = (float) (lengths[o] / Math.sqrt(square));
      for (int i = 0; i < in; i++) stored[turned ? i * out + o : o * in + i] *= factor;
    }
  }
}
