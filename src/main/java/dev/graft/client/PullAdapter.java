package dev.graft.client;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** {@code graft adapters pull}: an archive, checked by its digest, as a directory. */
@Command(
    name = "pull",
    description = "Fetch an adapter and unpack it into a directory that peft reads.")
final class PullAdapter extends ApiCommand {
  @Parameters(paramLabel = "ADAPTER_ID", description = "Its id, or the model's name (ft:...).")
  private String id = "";

  @Option(names = "--out", paramLabel = "DIR", description = "A new directory; else ./ADAPTER_ID.")
  private @Nullable Path out;

  @Override
  int run(GraftApi api) throws IOException {
    JsonNode adapter = api.get(AdaptersCommand.PATH + "/" + escaped(found(api)));
    Path directory = out == null ? Path.of(adapter.path("id").asString()) : out;
    Archive.requireNew(directory);
    Archive.fetched(
        api,
        AdaptersCommand.PATH + "/" + adapter.path("id").asString() + "/content",
        adapter.path("sha256").asString(),
        directory,
        archive -> Archive.unpack(archive, directory));
    show(adapter, directory.toString());
    return 0;
  }

  private String found(GraftApi api) {
    if (!id.startsWith("ft:")) return id;
    return list(api, AdaptersCommand.PATH, Integer.MAX_VALUE).stream()
        .filter(adapter -> id.equals(adapter.path("name").asString()))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no adapter is the model " + id))
        .path("id")
        .asString();
  }
}
