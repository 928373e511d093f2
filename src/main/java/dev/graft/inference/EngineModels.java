package dev.graft.inference;

import dev.graft.artifacts.Digest;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * What an engine calls Graft's models. Adapters without a name there are loaded where the engine is
 * vLLM with {@code VLLM_ALLOW_RUNTIME_LORA_UPDATING} and {@code --enable-lora}, under the digest of
 * their files, so that a name never means another adapter. Their files stay on disk: the engine
 * reads them again when it has dropped them from memory.
 */
final class EngineModels {
  private static final int SHOWN = 16;

  private final VllmAdapters adapters;
  private final EngineProperties properties;
  private final LocalModels files;
  private final Map<String, LocalModels.Held> loaded = new HashMap<>();

  public EngineModels(EngineHttp engine, EngineProperties properties, LocalModels files) {
    this.adapters = new VllmAdapters(engine);
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
    try {
      adapters.load(name, held.path().toAbsolutePath().toString());
    } catch (VllmAdapters.EngineRefused refused) {
      if (refused.hasItAlready()) return; // an earlier Graft has loaded it
      throw new InferrerLost("the engine did not load an adapter: " + refused.getMessage());
    }
  }

  /** True if the engine had loaded it: it has been started again since. */
  synchronized boolean forget(String name) {
    LocalModels.Held held = loaded.remove(name);
    if (held != null) held.close();
    return held != null;
  }
}
