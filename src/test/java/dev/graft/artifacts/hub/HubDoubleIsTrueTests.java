package dev.graft.artifacts.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real {@code huggingface_hub} downloads from the double that the other tests use, and Graft
 * reads the cache that it leaves. Only the profile {@code sdk} runs this: it needs Python with that
 * package.
 */
@Tag("sdk")
class HubDoubleIsTrueTests {
  private static final String ID = "acme/small";
  private static final String PYTHON = System.getProperty("python", "python3");
  private static final String PROGRAM =
      """
      import sys
      from huggingface_hub import HfApi, snapshot_download
      from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError
      assert HfApi().model_info("acme/small").sha == sys.argv[1]
      listed = {entry.path for entry in HfApi().list_repo_tree("acme/small") if hasattr(entry, "size")}
      assert len(listed) == 5, listed
      rows = HfApi().list_repo_tree("acme/rows", path_in_repo="data", repo_type="dataset")
      assert [entry.path for entry in rows if hasattr(entry, "size")] == ["data/a.jsonl", "data/b.jsonl"]
      assert HfApi().dataset_info("acme/rows").sha == sys.argv[2]
      snapshot_download("acme/rows", repo_type="dataset")
      print(snapshot_download("acme/small"))
      for model, revision, error in [("acme/gated", None, GatedRepoError), ("acme/none", None, RepositoryNotFoundError),
                                     ("acme/small", "v9", RevisionNotFoundError)]:
          try:
              snapshot_download(model, revision=revision)
              sys.exit(f"{model} was given")
          except error:
              pass
      """;

  @TempDir private Path scratch;

  @Test
  void huggingfaceHubDownloadsFromItAndItsCacheIsRead() throws Exception {
    byte[] weights = new byte[300_000];
    new Random(2).nextBytes(weights);
    Map<String, byte[]> files =
        Map.of(
            "model.safetensors", weights,
            "config.json", "{}".getBytes(UTF_8),
            "tokenizer.json", "{}".getBytes(UTF_8),
            "merges.txt", "a b".getBytes(UTF_8),
            "README.md", "# Small".getBytes(UTF_8));
    try (HubDouble hub = new HubDouble()) {
      String commit = hub.add(ID, files);
      hub.add("acme/gated", files, "hf_secret", true);
      byte[] large = "a row\n".repeat(30_000).getBytes(UTF_8);
      String rows =
          hub.add("datasets/acme/rows", Map.of("data/a.jsonl", large, "data/b.jsonl", new byte[3]));

      Path snapshot = Path.of(downloaded(hub, commit, rows));

      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        assertThat(snapshot.resolve(file.getKey())).hasBinaryContent(file.getValue());
      }
      hub.requests.clear();
      Hub.HubProperties settings =
          new Hub.HubProperties(hub.url(), null, null, scratch.resolve("hf/hub"), true, List.of());
      HubRepository pinned = new Hub(settings).pin(HubRepository.parse("hf:" + ID));
      assertThat(pinned.revision()).isEqualTo(commit);
      Path found = new Hub(settings).fetch(pinned, ALL, scratch.resolve("unused"), (b, all) -> {});
      assertThat(found.resolve("model.safetensors")).hasBinaryContent(weights);
      HubRepository set = HubRepository.parseDataSet("hf://datasets/acme/rows/data/*.jsonl");
      HubDataSet cached =
          new Hub(settings)
              .dataSet(new Hub(settings).pin(set), name -> name.endsWith("a.jsonl"), 9);
      assertThat(cached.source()).isEqualTo("hf://datasets/acme/rows@" + rows + "/data/*.jsonl");
      assertThat(cached.bringing().into(scratch, (b, all) -> {}).getFirst())
          .hasBinaryContent(large);
      assertThat(hub.requests).isEmpty();
    }
  }

  private static final Hub.Selection ALL =
      new Hub.Selection() {
        @Override
        public Set<String> of(Set<String> names) {
          return names;
        }

        @Override
        public void look(Path directory) {}
      };

  private String downloaded(HubDouble hub, String... commits)
      throws IOException, InterruptedException {
    ProcessBuilder python = new ProcessBuilder(PYTHON, "-c", PROGRAM);
    python.command().addAll(List.of(commits));
    python.environment().keySet().removeIf(name -> name.startsWith("HF_"));
    python.environment().put("HF_ENDPOINT", hub.url().toString());
    python.environment().put("HF_HOME", scratch.resolve("hf").toString());
    python.environment().put("HF_HUB_DISABLE_XET", "1");
    Path log = scratch.resolve("python.log");
    Process process = python.redirectError(log.toFile()).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(() -> read(log)).isZero();
    assertThat(said.lines()).hasSize(1);
    return said.strip();
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
