package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.CompatibilityReport;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Manifest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.weights.LoaderRules.Compatibility;
import dev.graft.weights.LoaderRules.Compatibility.Verdict;
import dev.graft.weights.LoaderRules.Loader;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.SortedMap;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The two files with which vLLM loads an adapter. */
@Component
class VllmForm {
  static final String CONFIG = "adapter_config.json";
  static final String WEIGHTS = "adapter_model.safetensors";
  private static final String PLAIN = "plain_lora/";
  private static final int MAX_CONFIG = 1 << 20;

  private final ArtifactStore store;
  private final CompatibilityReport report;
  private final JsonMapper json;

  VllmForm(ArtifactStore store, CompatibilityReport report, JsonMapper json) {
    this.store = store;
    this.report = report;
    this.json = json;
  }

  /**
   * @param config of which {@code base_model_name_or_path} is the engine's name of the base: vLLM's
   *     resolver takes no other
   */
  record Files(byte[] config, BlobRef weights) {}

  /** Makes them when they are needed. */
  @FunctionalInterface
  interface Source {
    Files files() throws IOException, NotLoadable;
  }

  /** vLLM does not load it, in no form that is there. */
  static final class NotLoadable extends Exception {
    private static final long serialVersionUID = 1;

    NotLoadable(String why) {
      super(why);
    }
  }

  Files of(Adapter adapter, String base) throws IOException, NotLoadable {
    Manifest result = ManifestDirectory.read(store, adapter.manifest());
    String form = form(adapter, result);
    SortedMap<String, BlobRef> files = result.files();
    BlobRef config = files.get(form + CONFIG);
    BlobRef weights = files.get(form + WEIGHTS);
    if (config == null || weights == null || config.bytes() > MAX_CONFIG) {
      throw new NotLoadable("it is a whole model, no adapter: export it, and serve it by itself");
    }
    try (InputStream in = store.open(config.sha256())) {
      ObjectNode fields = (ObjectNode) json.readTree(in.readAllBytes());
      return new Files(
          json.writeValueAsBytes(fields.put("base_model_name_or_path", base)), weights);
    } catch (JacksonException | ClassCastException unreadable) {
      throw new NotLoadable("its adapter_config.json is no JSON object");
    }
  }

  private String form(Adapter adapter, Manifest result) throws IOException, NotLoadable {
    List<Compatibility> found =
        report.of(adapter, result).stream().filter(it -> it.loader() == Loader.VLLM).toList();
    if (found.isEmpty()) throw new NotLoadable("nobody knows whether vLLM loads it");
    Compatibility vllm = found.getFirst();
    if (vllm.verdict() == Verdict.LOADS) return "";
    if (result.files().containsKey(PLAIN + CONFIG)) return PLAIN;
    throw new NotLoadable("vLLM does not load it: " + String.join(" ", vllm.reasons()));
  }
}
