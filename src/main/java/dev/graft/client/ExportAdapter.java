package dev.graft.client;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ObjectNode;

/** {@code graft adapters export}. */
@Command(
    name = "export",
    description = "Have the server make another form of an adapter, wait for it and fetch it.")
final class ExportAdapter extends ExportCommand {
  @Parameters(paramLabel = "ADAPTER_ID", description = "Its id.")
  private String id = "";

  @Option(
      names = "--form",
      required = true,
      paramLabel = "FORM",
      description = "merged, merged_gguf, adapter_gguf, plain_lora, vllm or ollama.")
  private String form = "";

  @Option(names = "--type", paramLabel = "f16|q8_0", description = "Of a merged GGUF file.")
  private @Nullable String type;

  @Option(
      names = "--max-shard-size",
      paramLabel = "SIZE",
      description = "Of merged: bytes of a file of weights, such as 500MB; 5GB unless given.")
  private @Nullable String maxShardSize;

  @Option(
      names = "--base",
      paramLabel = "MODEL",
      description = "The base as vLLM is started with it, or as Ollama calls it.")
  private @Nullable String base;

  @Option(names = "--name", paramLabel = "NAME", description = "What clients of vLLM ask for.")
  private @Nullable String name;

  @Override
  int run(GraftApi api) throws IOException {
    ObjectNode asked = object().put("form", form);
    if (type != null) asked.put("type", type);
    if (maxShardSize != null) asked.put("max_shard_size", maxShardSize);
    if (base != null) asked.put("base", base);
    if (name != null) asked.put("name", name);
    return fetched(api, id, asked);
  }
}
