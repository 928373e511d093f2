package dev.graft.tiny;

import dev.graft.weights.GgufBytes;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SafetensorsFile;
import dev.graft.weights.TinyModels;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** {@link TinyLlama} as llama.cpp has it: other names, turned pairs of queries and keys. */
public final class TinyGguf {
  private static final int F32 = 0;
  private static final int Q8_0 = 8;
  private static final int BLOCK = 32;
  private static final int HEAD = 8;

  private TinyGguf() {}

  /**
   * @param model directory of a TinyLlama
   * @param quantised whether matrices are Q8_0
   */
  public static GgufBytes of(Path model, boolean quantised) throws IOException {
    GgufBytes gguf = new GgufBytes();
    keys(gguf);
    tokens(gguf, model);
    try (ModelDirectory directory = ModelDirectory.open(model);
        SafetensorsFile weights = SafetensorsFile.open(model.resolve("model.safetensors"))) {
      directory.check();
      for (MappedTensor each : weights.tensors()) {
        boolean matrix = each.shape().length == 2;
        float[] numbers = turned(each);
        byte[] bytes = quantised && matrix ? q80(numbers) : f32(numbers);
        gguf.tensor(name(each.name()), quantised && matrix ? Q8_0 : F32, bytes, each.shape());
      }
    }
    return gguf;
  }

  public static Path write(Path file, Path model, boolean quantised) throws IOException {
    return Files.write(file, of(model, quantised).bytes());
  }

  private static void keys(GgufBytes gguf) {
    gguf.text("general.architecture", "llama").text("general.license", "mit");
    gguf.uint32("llama.block_count", 2).uint32("llama.context_length", 256);
    gguf.uint32("llama.embedding_length", 32).uint32("llama.feed_forward_length", 64);
    gguf.uint32("llama.attention.head_count", 4).uint32("llama.attention.head_count_kv", 2);
    gguf.float32("llama.attention.layer_norm_rms_epsilon", 1e-6f);
    gguf.uint32("llama.rope.dimension_count", HEAD).float32("llama.rope.freq_base", 10_000);
  }

  private static void tokens(GgufBytes gguf, Path model) throws IOException {
    JsonNode tokenizer =
        TinyModels.JSON.readTree(Files.readString(model.resolve("tokenizer.json")));
    JsonNode vocabulary = tokenizer.at("/model/vocab");
    String[] tokens = new String[vocabulary.size()];
    vocabulary.properties().forEach(each -> tokens[each.getValue().intValue()] = each.getKey());
    int[] types = new int[tokens.length];
    Arrays.fill(types, 1);
    for (JsonNode each : tokenizer.path("added_tokens")) types[each.path("id").intValue()] = 3;
    List<String> merges = new ArrayList<>();
    for (JsonNode each : tokenizer.at("/model/merges")) {
      merges.add(each.path(0).stringValue() + " " + each.path(1).stringValue());
    }
    gguf.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "gpt-2");
    gguf.texts("tokenizer.ggml.tokens", List.of(tokens));
    gguf.int32s("tokenizer.ggml.token_type", types);
    gguf.texts("tokenizer.ggml.merges", merges);
    gguf.uint32("tokenizer.ggml.eos_token_id", 4).uint32("tokenizer.ggml.padding_token_id", 0);
    JsonNode settings =
        TinyModels.JSON.readTree(Files.readString(model.resolve("tokenizer_config.json")));
    gguf.text("tokenizer.chat_template", settings.path("chat_template").stringValue());
  }

  private static String name(String name) {
    return name.replace("model.embed_tokens", "token_embd")
        .replace("model.norm", "output_norm")
        .replace("model.layers", "blk")
        .replace("self_attn.o_proj", "attn_output")
        .replaceFirst("self_attn.([qkv])_proj", "attn_$1")
        .replaceFirst("mlp.(gate|up|down)_proj", "ffn_$1")
        .replace("input_layernorm", "attn_norm")
        .replace("post_attention_layernorm", "ffn_norm");
  }

  /** Rows i and i + half of a head become neighbours, as convert_hf_to_gguf.py permutes them. */
  private static float[] turned(MappedTensor tensor) {
    float[] numbers = tensor.toFloats();
    if (!tensor.name().matches(".*[qk]_proj.weight")) return numbers;
    int columns = (int) tensor.shape()[1];
    float[] turned = new float[numbers.length];
    for (int row = 0; row < tensor.shape()[0]; row++) {
      int inHead = row % HEAD;
      int to = row - inHead + inHead % (HEAD / 2) * 2 + inHead / (HEAD / 2);
      System.arraycopy(numbers, row * columns, turned, to * columns, columns);
    }
    return turned;
  }

  private static byte[] f32(float[] numbers) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float each : numbers) bytes.putFloat(each);
    return bytes.array();
  }

  private static byte[] q80(float[] numbers) {
    ByteBuffer bytes =
        ByteBuffer.allocate(numbers.length / BLOCK * (2 + BLOCK)).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = 0; at < numbers.length; at += BLOCK) {
      float largest = 0;
      for (int i = at; i < at + BLOCK; i++) largest = Math.max(largest, Math.abs(numbers[i]));
      float scale = largest / 127;
      bytes.putShort(Float.floatToFloat16(scale));
      for (int i = at; i < at + BLOCK; i++) {
        bytes.put((byte) (scale == 0 ? 0 : Math.round(numbers[i] / scale)));
      }
    }
    return bytes.array();
  }
}
