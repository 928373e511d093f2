package dev.graft.weights.gguf;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.weights.BadModel;
import dev.graft.weights.GgufBytes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that lie: each is refused with what is wrong, before anything is made of it. */
class HostileGgufTests {
  private static final byte[] ONE = new byte[4];

  @TempDir private Path directory;

  @Test
  void whatIsNoGgufFileOfAKnownVersionIsRefused() throws IOException {
    refused(new byte[0], "needs 4 bytes at 0");
    refused("PK\3\4 a zip file".getBytes(StandardCharsets.US_ASCII), "is not a GGUF file");
    refused(new GgufBytes().version(1).bytes(), "is GGUF version 1; supported: 2, 3");
    refused(new GgufBytes().version(Integer.reverseBytes(3)).bytes(), "is big-endian");
    refused(new GgufBytes().version(-1).bytes(), "is GGUF version 4294967295");
    byte[] whole = new GgufBytes().text("a", "text").tensor("x", 0, ONE, 1).bytes();
    for (int length = 0; length < whole.length - 32 + ONE.length; length++) {
      refused(Arrays.copyOf(whole, length), "");
    }
  }

  @Test
  void numbersOfThingsAreBoundedBeforeTheyAreBelieved() throws IOException {
    byte[] bytes = new GgufBytes().bytes();
    Arrays.fill(bytes, 8, 16, (byte) 0xFF);
    refused(bytes, "the number of tensors is 18446744073709551615, more than 131072");
    refused(key("k", 8).raw(Long.MIN_VALUE), "the length of k is 9223372036854775808");
    refused(key("k", 8).raw(1 << 24), "k needs 16777216 bytes");
    refused(new GgufBytes().list("k", 8, Integer.MAX_VALUE), "the length in k needs 8 bytes");
    refused(new GgufBytes().list("k", 12, Integer.MAX_VALUE), "k needs 17179869176 bytes");
    refused(new GgufBytes().list("k", 4, -1), "the length of k is 18446744073709551615");
    refused(new GgufBytes().list("k", 9, 1), "k is a list of lists");
    refused(key("k", 13), "k has the unknown type 13");
    refused(key("k", -1), "k has the unknown type 4294967295");
    refused(new GgufBytes().text("k", "a").text("k", "b"), "key k occurs twice");
    refused(new GgufBytes().uint32("general.alignment", 12), "12 is not a multiple of 8");
    refused(new GgufBytes().uint32("general.alignment", 0), "is 0, must be 1 to 1048576");
    refused(new GgufBytes().text("general.alignment", "32"), "general.alignment is not an integer");
  }

  @Test
  void tensorsLieInTheFileAsTheySay() throws IOException {
    refused(described(0, 0, 1L << 40, 1L << 40), "has a shape that overflows");
    refused(described(0, 0, 1L << 41), "a dimension of tensor x is 2199023255552");
    refused(described(0, 0, 4, 0), "has a dimension of 0");
    refused(described(0, 0), "has 0 dimensions");
    refused(described(0, 0, 1, 1, 1, 1, 1), "has 5 dimensions; supported: 1 to 4");
    refused(described(0, 0, 1 << 20), "it is truncated");
    refused(described(0, 1L << 40, 1), "it is truncated");
    refused(described(0, 8, 1), "does not begin at a multiple of the alignment, 32");
    refused(described(0, -32, 1), "does not begin at a multiple");
    refused(described(10, 0, 256), "tensor x has ggml's type 10; supported: F32, F16, BF16, Q4_0");
    refused(
        described(12, 0, 2, 128),
        "has rows of 128 elements, not a multiple of the block size of Q4_K");
    refused(new GgufBytes().tensor("x", 0, ONE, 1).tensor("x", 0, ONE, 1), "tensor x occurs twice");
  }

  @Test
  void keysAreOfTheTypeAndRangeThatIsAsked() throws IOException {
    Path file =
        Files.write(
            directory.resolve("k.gguf"),
            new GgufBytes()
                .uint32("n", -1)
                .float32("nan", Float.NaN)
                .texts("list", List.of("a", "b"))
                .int32s("ids", 1, 2, 3)
                .bytes());
    try (GgufFile gguf = GgufFile.open(file)) {
      GgufFile.GgufKeys keys = gguf.keys();
      bad(() -> keys.requireInt("n", 0, 9), "k.gguf: n is 4294967295, must be 0 to 9");
      bad(() -> keys.requireInt("none", 0, 9), "k.gguf: none is missing");
      bad(() -> keys.requireReal("nan", 0, 9), "k.gguf: nan is NaN, must be above 0.0");
      bad(
          () -> keys.requireInt("ids", 0, 9),
          "ids is not an integer; a list with one for each layer");
      bad(() -> keys.texts("list", 1), "list has 2 entries, more than the maximum of 1");
      bad(() -> keys.texts("ids", 9), "ids is not a list of strings");
      bad(() -> keys.numbers("list", 9), "list is not a list of numbers");
      bad(() -> keys.requireText("n"), "n is not a string");
      bad(() -> keys.flagOr("n", true), "n is not true or false");
    }
  }

  private static GgufBytes key(String key, int type) {
    return new GgufBytes().key(key, type);
  }

  private static GgufBytes described(int type, long offset, long... shape) {
    return new GgufBytes().described("x", type, offset, shape);
  }

  private void refused(GgufBytes file, String why) throws IOException {
    refused(file.bytes(), why);
  }

  private void refused(byte[] bytes, String why) throws IOException {
    Path file = Files.write(directory.resolve("a.gguf"), bytes);
    bad(() -> GgufFile.open(file).close(), why);
  }

  private static void bad(Runnable read, String why) {
    assertThatExceptionOfType(BadModel.class)
        .isThrownBy(read::run)
        .withMessageContaining(".gguf: ")
        .withMessageContaining(why);
  }
}
