package dev.graft.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Small Llama directories for tests. */
public final class TinyModels {
  public static final JsonMapper JSON = new JsonMapper();

  private TinyModels() {}

  public static ObjectNode config() {
    ObjectNode config = JSON.createObjectNode();
    config.put("model_type", "llama").putArray("architectures").add("LlamaForCausalLM");
    config.put("hidden_size", 8).put("intermediate_size", 12).put("num_hidden_layers", 2);
    config.put("num_attention_heads", 2).put("num_key_value_heads", 1).put("vocab_size", 11);
    config.put("rms_norm_eps", 1e-5).put("max_position_embeddings", 64);
    config.put("tie_word_embeddings", true).put("eos_token_id", 2).put("bos_token_id", 1);
    return config;
  }

  public static Path write(Path directory, ObjectNode config) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("config.json"), JSON.writeValueAsString(config));
    try (ModelDirectory model = ModelDirectory.open(directory)) {
      SafetensorsWriter.write(
          directory.resolve("model.safetensors"), random(model.config().parameters(), 7));
    }
    return directory;
  }

  public static List<NamedTensor> random(List<ModelConfig.Parameter> parameters, long seed) {
    Random random = new Random(seed);
    List<NamedTensor> tensors = new ArrayList<>();
    for (ModelConfig.Parameter each : parameters) {
      TensorInfo info = new TensorInfo(each.name(), Dtype.F32, each.shape());
      ByteBuffer data = ByteBuffer.allocate((int) info.bytes()).order(ByteOrder.LITTLE_ENDIAN);
      while (data.hasRemaining()) data.putFloat((float) random.nextGaussian());
      tensors.add(new NamedTensor(each.name(), Dtype.F32, each.shape(), data.flip()));
    }
    return tensors;
  }

  static void writeSafetensors(Path file, String header, int dataBytes) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer all =
        ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    Files.write(file, all.putLong(json.length).put(json).array());
  }
}
