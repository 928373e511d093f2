package dev.graft.inference.engine;

import dev.graft.artifacts.Digest;
import dev.graft.inference.serving.InferrerLost;
import dev.graft.inference.serving.LocalModels;
import dev.graft.inference.serving.ServedModel;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What an engine calls Graft's models. Adapters without a name there are loaded where the engine is
 * vLLM with {@code VLLM_ALLOW_RUNTIME_LORA_UPDATING} and {@code --enable-lora}, under the digest of
 * their files, so that a name never means another adapter. Their files stay on disk: the engine
 * reads them again when it has dropped them from memory.
 */
public final class EngineModels {
  private static final Duration LOADING = Duration.ofMinutes(2);
  private static final int SHOWN = 16;

  private final EngineHttp engine;
  private final EngineProperties properties;
  private final LocalModels files;
  private final Map<String, LocalModels.Held> loaded = new HashMap<>();

  public EngineModels(EngineHttp engine, EngineProperties properties, LocalModels files) {
    this.engine = engine;
    this.properties = properties;
    this.files = files;
  }

  String name(ServedModel model) throws IOException, InterruptedException, InferrerLost {
    String mapped = properties.models().get(model.name());
    if (mapped != null) return mapped;
    Digest adapter = model.adapter();
    return adapter == null || !properties.loadAdapters() ? model.name() : loaded(adapter);
  }

  private synchronized String loaded(Digest adapter)
      throws IOException, InterruptedException, InferrerLost {
    String name = "graft-" + adapter.hex().substring(0, SHOWN);
    if (loaded.containsKey(name)) return name;
    LocalModels.Held held = files.hold(adapter);
    boolean there = false;
    try {
      load(name, held);
      there = true;
    } finally {
      if (!there) held.close();
    }
    loaded.put(name, held);
    return name;
  }

  private void load(String name, LocalModels.Held held)
      throws IOException, InterruptedException, InferrerLost {
    ObjectNode body =
        JsonNodeFactory.instance
            .objectNode()
            .put("lora_name", name)
            .put("lora_path", held.path().toAbsolutePath().toString());
    HttpResponse<InputStream> response = engine.post("/load_lora_adapter", body, LOADING);
    try (InputStream answer = response.body()) {
      if (response.statusCode() == 200) return;
      String message = EngineHttp.message(answer);
      // An earlier Graft has loaded it.
      if (message.contains("already been loaded")) return;
      throw new InferrerLost("the engine did not load an adapter: " + message);
    }
  }

  /** True if the engine had loaded it: it has been started again since. */
  synchronized boolean forget(String name) {
    LocalModels.Held held = loaded.remove(name);
    if (held != null) held.close();
    return held != null;
  }
}
