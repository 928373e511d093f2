package dev.graft.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.artifacts.Manifest.InvalidManifest;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestTests {
  private static final BlobRef BLOB = new BlobRef(Digest.of(new byte[] {1}), 1);

  @Test
  void canonicalJsonRoundTrips() {
    Manifest manifest = new Manifest(new TreeMap<>(Map.of("b/é.txt", BLOB, "a", BLOB)));
    String json = new String(manifest.toJson(), UTF_8);
    assertThat(json)
        .startsWith("{\"files\":{\"a\":{\"bytes\":1,\"sha256\":\"4bf5")
        .doesNotContain(" ");
    assertThat(Manifest.parse(manifest.toJson())).isEqualTo(manifest);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/", "a\\b", "a\0b", "a\nb"})
  void unsafePathsAreRefused(String path) {
    TreeMap<String, BlobRef> files = new TreeMap<>(Map.of(path, BLOB));
    assertThatThrownBy(() -> new Manifest(files)).isInstanceOf(InvalidManifest.class);
  }

  @Test
  void aPathThatIsAFileAndADirectoryIsRefused() {
    TreeMap<String, BlobRef> files = new TreeMap<>(Map.of("a", BLOB, "a-b", BLOB, "a/b", BLOB));
    assertThatThrownBy(() -> new Manifest(files)).isInstanceOf(InvalidManifest.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{}",
        "null",
        "{\"files\":{}} ",
        "{\"files\":{},\"more\":1}",
        "{\"files\":{\"a\":{\"bytes\":-1,\"sha256\":\"00\"}}}",
        "{\"files\":{\"a\":{\"bytes\":1.5,\"sha256\":\"00\"}}}",
        "{\"files\":{\"a\":7}}",
        "{\"files\":{},\"files\":{}}"
      })
  void whatIsNotCanonicalIsRefused(String json) {
    assertThatThrownBy(() -> Manifest.parse(json.getBytes(UTF_8)))
        .isInstanceOf(InvalidManifest.class);
  }

  @Test
  void deepNestingIsRefusedWithoutAStackOverflow() {
    byte[] deep = "[".repeat(1_000_000).getBytes(UTF_8);
    assertThatThrownBy(() -> Manifest.parse(deep)).isInstanceOf(InvalidManifest.class);
  }

  @Test
  void whatIsWrittenCanBeReadAndWhatCannotBeReadIsNotWritten() {
    Manifest large = new Manifest(files(9_999, 80));
    assertThat(large.toJson().length).isGreaterThan(1 << 20);
    assertThat(Manifest.parse(large.toJson())).isEqualTo(large);
    Manifest larger = new Manifest(files(9_999, 500));
    assertThatThrownBy(larger::toJson)
        .isInstanceOf(InvalidManifest.class)
        .hasMessageContaining("longer than 4194304 bytes");
  }

  private static TreeMap<String, BlobRef> files(int count, int length) {
    TreeMap<String, BlobRef> files = new TreeMap<>();
    for (int i = 0; i < count; i++) files.put("a".repeat(length) + i, BLOB);
    return files;
  }
}
