package dev.graft.artifacts.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.artifacts.hub.Hub.HubProperties;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HubTests {
  private static final String ID = "acme/small-1.5";
  private static final Hub.Selection ALL_BUT_BIN =
      new Hub.Selection() {
        @Override
        public Set<String> of(Set<String> names) {
          Set<String> some = new HashSet<>(names);
          some.removeIf(name -> name.endsWith(".bin"));
          return some;
        }

        @Override
        public void look(Path directory) {}
      };

  private final Map<String, byte[]> files = new HashMap<>();
  private HubDouble hub;
  @TempDir private Path scratch;

  @BeforeEach
  void aModel() throws IOException {
    hub = new HubDouble();
    byte[] weights = new byte[700_000];
    new Random(1).nextBytes(weights);
    files.put("model.safetensors", weights);
    files.put("pytorch_model.bin", weights.clone());
    for (String name : List.of("config.json", "tokenizer.json", "README.md", "merges.txt")) {
      files.put(name, ("content of " + name).getBytes(UTF_8));
    }
  }

  @AfterEach
  void end() {
    hub.close();
  }

  @Test
  void whatIsWantedOfACommitIsBroughtAndNothingElse() throws IOException {
    String commit = hub.add(ID, files);
    HubRepository pinned = hub().pin(HubRepository.parse("hf:" + ID));
    assertThat(pinned).hasToString("hf:" + ID + "@" + commit);

    Path directory = fetch(pinned);

    files.remove("pytorch_model.bin");
    assertThat(content(directory)).containsExactlyInAnyOrderEntriesOf(strings(files));
    assertThat(hub.requests).noneMatch(request -> request.contains("pytorch"));
  }

  @Test
  void whatBreaksOffIsGoneOnWith() throws IOException {
    hub.add(ID, files);
    hub.breakAfter(300_000);

    Path directory = fetch(pinned());

    assertThat(directory.resolve("model.safetensors"))
        .hasBinaryContent(files.get("model.safetensors"));
    assertThat(hub.requests).anyMatch(request -> request.matches("GET .*bytes=2\\d{5}-"));
  }

  @Test
  void theNextCallGoesOnWhereAKilledOneStopped() throws IOException {
    hub.add(ID, files);
    Hub.Progress killer =
        (bytes, all) -> {
          if (bytes > all / 2) throw new IllegalStateException("killed");
        };
    assertThatThrownBy(() -> hub().fetch(pinned(), ALL_BUT_BIN, directory(), killer))
        .hasMessage("killed");
    assertThat(directory().resolve("model.safetensors")).doesNotExist();
    hub.requests.clear();

    Path directory = fetch(pinned());

    assertThat(directory.resolve("model.safetensors"))
        .hasBinaryContent(files.get("model.safetensors"));
    assertThat(hub.requests).filteredOn(request -> request.contains("config.json")).isEmpty();
    assertThat(hub.requests)
        .filteredOn(request -> request.contains("/model.safetensors"))
        .isNotEmpty()
        .allMatch(request -> request.matches("GET .*bytes=\\d{6}-"));
  }

  @Test
  void aTokenOpensAPrivateModelAndIsShownToNoOtherHost() throws IOException {
    hub.add(ID, files, "hf_secret", false);
    assertThat(fetch(pinned("hf_secret"), "hf_secret").resolve("model.safetensors")).exists();
    assertThat(hub.leaked).isEmpty();
  }

  @Test
  void aTokenMayLieInAFile() throws IOException {
    hub.add(ID, files, "hf_secret", false);
    Path file = Files.writeString(scratch.resolve("token"), "hf_secret\n");
    HubProperties settings = new HubProperties(hub.url(), "", file, null, false, List.of());
    assertThat(new Hub(settings).pin(HubRepository.parse("hf:" + ID)).id()).isEqualTo(ID);
  }

  @Test
  void missingPrivateAndGatedAreToldApart() {
    hub.add("acme/gated", files, "hf_secret", true);
    hub.add("acme/private", files, "hf_secret", false);
    hub.add(ID, files);
    assertThatThrownBy(() -> hub().pin(HubRepository.parse("hf:acme/gated")))
        .isInstanceOf(HubRefused.class)
        .hasMessageContaining("acme/gated is gated: accept its terms at")
        .hasMessageContaining("HF_TOKEN");
    assertThatThrownBy(() -> hub("hf_other").pin(HubRepository.parse("hf:acme/gated")))
        .isInstanceOf(HubRefused.class)
        .hasMessageContaining("the account of the token has no access");
    assertThatThrownBy(() -> hub().pin(HubRepository.parse("hf:acme/private")))
        .isInstanceOf(HubRefused.class)
        .hasMessageContaining("there is no public model acme/private");
    assertThatThrownBy(() -> hub().pin(HubRepository.parse("hf:" + ID + "@v9")))
        .isInstanceOf(HubRefused.class)
        .hasMessageContaining(ID + " has no revision v9");
  }

  @Test
  void otherContentThanTheListingSaysIsRefused() throws IOException {
    hub.add(ID, files);
    hub.damage(ID, "tokenizer.json");
    assertThatThrownBy(() -> fetch(pinned()))
        .isInstanceOf(HubRefused.class)
        .hasMessageContaining("tokenizer.json")
        .hasMessageContaining("does not match the digest");
    assertThat(content(directory())).doesNotContainKey("tokenizer.json");
  }

  @Test
  void namesThatLeadElsewhereAreNotFetched() throws IOException {
    files.put("..", "x".getBytes(UTF_8));
    files.put(".hidden", "x".getBytes(UTF_8));
    hub.add(ID, files);
    assertThat(content(fetch(pinned()))).doesNotContainKeys("..", ".hidden");
  }

  @Test
  void onlyAllowedOrganizationsAreAsked() {
    hub.add(ID, files);
    HubProperties settings =
        new HubProperties(hub.url(), null, null, null, false, List.of("other"));
    assertThatThrownBy(() -> new Hub(settings).pin(HubRepository.parse("hf:" + ID)))
        .isInstanceOf(HubRefused.class)
        .hasMessageContaining("graft.hub.organizations");
    assertThat(hub.requests).isEmpty();
  }

  @Test
  void whatTheCacheHasIsNotFetchedAndOfflineNothingIsAsked() throws IOException {
    String commit = hub.add(ID, files);
    Path cache = cached(commit);
    HubProperties online = new HubProperties(hub.url(), null, null, cache, false, List.of());
    Hub hubWithCache = new Hub(online);
    Path fetched =
        hubWithCache.fetch(
            hubWithCache.pin(HubRepository.parse("hf:" + ID)),
            ALL_BUT_BIN,
            directory(),
            (bytes, all) -> {});
    assertThat(fetched.resolve("model.safetensors"))
        .hasBinaryContent(files.get("model.safetensors"));
    assertThat(hub.requests).noneMatch(request -> request.contains("/resolve/"));
    hub.requests.clear();

    Hub offline = new Hub(new HubProperties(hub.url(), null, null, cache, true, List.of()));
    HubRepository pinned = offline.pin(HubRepository.parse("hf:" + ID));
    assertThat(pinned.revision()).isEqualTo(commit);
    assertThat(content(offline.fetch(pinned, ALL_BUT_BIN, directory(), (bytes, all) -> {})))
        .containsKey("model.safetensors");
    assertThatThrownBy(() -> offline.pin(HubRepository.parse("hf:acme/other")))
        .isInstanceOf(HubRefused.class)
        .hasMessageContaining("HF_HUB_OFFLINE");
    assertThat(hub.requests).isEmpty();
  }

  @Test
  void filesOfADataSetAreBroughtByTheirPathAndOfflineFromTheCache() throws IOException {
    byte[] large = new byte[200_000];
    Map<String, byte[]> rows =
        Map.of("data/b.jsonl", large, "data/a.jsonl", new byte[] {1}, "data/c.txt", new byte[1]);
    String commit = hub.add("datasets/acme/rows", rows);
    HubRepository named = HubRepository.parseDataSet("hf://datasets/acme/rows/data/*.jsonl");
    HubDataSet set = hub().dataSet(hub().pin(named), name -> name.endsWith("l"), 2);
    assertThat(set.source()).isEqualTo("hf://datasets/acme/rows@" + commit + "/data/*.jsonl");
    assertThat(set.names()).containsExactly("data/a.jsonl", "data/b.jsonl");
    assertThat(set.bytes()).isEqualTo(200_001);
    List<Path> here = set.bringing().into(directory(), (bytes, all) -> {});
    assertThat(here.get(0)).hasBinaryContent(new byte[] {1});
    assertThat(here.get(1)).hasBinaryContent(large);

    Path snapshot = scratch.resolve("cache/datasets--acme--rows/snapshots").resolve(commit);
    Files.createDirectories(snapshot.resolve("data"));
    Files.write(snapshot.resolve("data/a.jsonl"), new byte[] {2});
    Hub offline =
        new Hub(
            new HubProperties(
                hub.url(), null, null, scratch.resolve("cache"), true, List.of("other")));
    HubRepository pinned =
        HubRepository.parseDataSet("hf://datasets/acme/rows@" + commit + "/data/a.jsonl");
    HubDataSet cached = offline.dataSet(offline.pin(pinned), "data/a.jsonl"::equals, 2);
    assertThat(cached.bringing().into(directory(), (bytes, all) -> {}).getFirst())
        .hasBinaryContent(new byte[] {2});
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hf:",
        "hf:name",
        "hf:a/b/c",
        "hf:a/..",
        "hf:../b",
        "hf:a/b@",
        "hf:a/b@../x",
        "hf:a/b@x y",
        "a/b",
        "hf:a/b?x=1"
      })
  void whatNamesNoModelIsRefused(String source) {
    assertThatThrownBy(() -> HubRepository.parse(source)).isInstanceOf(HubRefused.class);
  }

  /** As {@code huggingface_hub} lays it out. */
  private Path cached(String commit) throws IOException {
    Path model = scratch.resolve("cache/models--" + ID.replace("/", "--"));
    Path snapshot = Files.createDirectories(model.resolve("snapshots").resolve(commit));
    Path blobs = Files.createDirectories(model.resolve("blobs"));
    Files.createDirectories(model.resolve("refs"));
    Files.writeString(model.resolve("refs/main"), commit);
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Files.write(blobs.resolve(file.getKey()), file.getValue());
      Files.createSymbolicLink(
          snapshot.resolve(file.getKey()), Path.of("../../blobs", file.getKey()));
    }
    return scratch.resolve("cache");
  }

  private Hub hub() {
    return hub(null);
  }

  private Hub hub(@Nullable String token) {
    return new Hub(new HubProperties(hub.url(), token, null, null, false, List.of()));
  }

  private HubRepository pinned() throws IOException {
    return pinned(null);
  }

  private HubRepository pinned(@Nullable String token) throws IOException {
    return hub(token).pin(HubRepository.parse("hf:" + ID));
  }

  private Path fetch(HubRepository pinned) throws IOException {
    return fetch(pinned, null);
  }

  private Path fetch(HubRepository pinned, @Nullable String token) throws IOException {
    return hub(token).fetch(pinned, ALL_BUT_BIN, directory(), (bytes, all) -> {});
  }

  private Path directory() {
    return scratch.resolve("fetched");
  }

  private static Map<String, String> strings(Map<String, byte[]> files) {
    Map<String, String> strings = new HashMap<>();
    files.forEach((name, bytes) -> strings.put(name, new String(bytes, UTF_8)));
    return strings;
  }

  private static Map<String, String> content(Path directory) throws IOException {
    Map<String, byte[]> there = new HashMap<>();
    try (var all = Files.list(directory)) {
      for (Path file : all.toList())
        there.put(file.getFileName().toString(), Files.readAllBytes(file));
    }
    return strings(there);
  }
}
