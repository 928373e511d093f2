package dev.graft.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTests {
  @TempDir Path dir;
  private Path file;

  @BeforeEach
  void name() {
    file = dir.resolve("t.safetensors");
  }

  @Test
  void whatIsWrittenIsRead() {
    SafetensorsWriter.write(
        file, List.of(floats("b", new long[] {2, 2}, 1, 2, 3, 4), floats("a", new long[] {}, 9)));
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertThat(read.names()).containsExactly("b", "a");
      assertThat(read.metadata()).isEqualTo(SafetensorsWriter.PYTORCH);
      assertThat(read.tensors().get(0).toFloats()).containsExactly(1, 2, 3, 4);
      assertThat(read.tensors().get(1).toFloats()).containsExactly(9);
      float[] piece = new float[2];
      read.tensors().get(0).copyTo(piece, 1);
      assertThat(piece).containsExactly(2, 3);
    }
  }

  @Test
  void theFileIsTheReferencesByteForByte() throws IOException {
    SafetensorsWriter.write(file, List.of(floats("x", new long[] {1}, 1)));
    byte[] bytes = Files.readAllBytes(file);
    String header =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
    assertThat(bytes.length % 8).isEqualTo(4);
    assertThat(new String(bytes, 8, bytes.length - 12, StandardCharsets.UTF_8).strip())
        .isEqualTo(header);
    assertThat(dir).isDirectoryNotContaining("glob:**.partial");
  }

  @Test
  void halfPrecisionWidensExactly() throws IOException {
    ByteBuffer data = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    for (int bits : new int[] {0x3F80, 0xC049, 0x7F80}) data.putShort((short) bits);
    for (int bits : new int[] {0x3C00, 0x0001, 0xFC00}) data.putShort((short) bits);
    byte[] all = data.array();
    SafetensorsWriter.write(
        file,
        List.of(
            new NamedTensor("b", Dtype.BF16, new long[] {3}, ByteBuffer.wrap(all, 0, 6).slice()),
            new NamedTensor("h", Dtype.F16, new long[] {3}, ByteBuffer.wrap(all, 6, 6).slice())));
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertThat(read.tensors().get(0).toFloats())
          .containsExactly(1f, -3.140625f, Float.POSITIVE_INFINITY);
      assertThat(read.tensors().get(1).toFloats())
          .containsExactly(1f, 0x1p-24f, Float.NEGATIVE_INFINITY);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[1]|0|does not begin with '{'",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}|3|truncated: its header describes 4"
            + " bytes of data, but the file has 3",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}|5|too long",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,4]}}|4|needs 8 bytes",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}|8|hole",
        "{'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4]},'b':{'dtype':'U8','shape':[4],'data_offsets':[2,6]}}|6|overlap",
        "{'a':{'dtype':'U8','shape':[1],'data_offsets':[0,1]},'a':{'dtype':'U8','shape':[1],'data_offsets':[0,1]}}|1|Duplicate",
        "{'a':{'dtype':'F8_E4M3','shape':[1],'data_offsets':[0,1]}}|1|has dtype F8_E4M3; supported:"
            + " [F64",
        "{'a':{'dtype':'F32','shape':[4294967296,4294967296],'data_offsets':[0,0]}}|0|overflows",
        "{'a':{'dtype':'F32','shape':[-1],'data_offsets':[0,4]}}|4|negative number -1",
        "{'a':{'dtype':'F32','shape':[99999999999999999999],'data_offsets':[0,4]}}|4|not valid"
            + " JSON",
        "{'a':{'dtype':'F32','shape':[1.5],'data_offsets':[0,4]}}|4|not a short list of integers",
        "{'a':{'dtype':'F32','shape':[1]}}|4|must have dtype, shape and two data_offsets",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4],'x':1}}|4|unknown field x",
        "{'a':7}|0|is not an object",
        "{'__metadata__':{'a':1}}|0|not a string",
        "{}{}|0|after the header's end",
      })
  void refusesALyingHeader(String header, int dataBytes, String message) throws IOException {
    TinyModels.writeSafetensors(file, header.replace('\'', '"'), dataBytes);
    assertThatThrownBy(() -> SafetensorsFile.open(file).close())
        .isInstanceOf(BadModel.class)
        .hasMessageContaining("t.safetensors")
        .hasMessageContaining(message);
  }

  @Test
  void refusesHeaderLengthsBeyondFileAndLimit() throws IOException {
    Files.write(file, new byte[] {1, 2, 3});
    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .hasMessage("t.safetensors is truncated: 3 bytes, no header");
    Files.write(file, new byte[] {100, 0, 0, 0, 0, 0, 0, 0, '{', '}'});
    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .hasMessage("t.safetensors is truncated: the header has 100 bytes, the file 10");
    Files.write(file, new byte[] {-1, -1, -1, -1, -1, -1, -1, -1});
    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .hasMessageContaining("18446744073709551615");
  }

  @Test
  void tensorsBeyondTwoGigabytesAreReached() throws IOException {
    long large = 3L << 30;
    String header =
        """
        {"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]},\
        "b":{"dtype":"F32","shape":[1],"data_offsets":[%d,%d]}}\
        """
            .formatted(large, large, large, large + 4);
    TinyModels.writeSafetensors(file, header, 0);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(2.5f);
      channel.write(one.flip(), channel.size() + large);
    }
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertThat(read.tensors().get(0).data().byteSize()).isEqualTo(large);
      assertThat(read.tensors().get(1).toFloats()).containsExactly(2.5f);
    }
  }

  @Test
  void numbersBeyondTwoGigabytesAreCopiedAndWidened() throws IOException {
    long elements = (3L << 30) / 2;
    String header =
        "{\"a\":{\"dtype\":\"BF16\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
            .formatted(elements, 2 * elements);
    TinyModels.writeSafetensors(file, header, 0);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      ByteBuffer last = ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN);
      last.putShort((short) (Float.floatToRawIntBits(2.5f) >>> 16));
      channel.write(last.flip(), channel.size() + 2 * elements - 2); // all before it is a hole
    }
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      MappedTensor tensor = read.tensors().getFirst();
      float[] end = new float[2];
      tensor.widened().data().copyTo(4 * (elements - 2), MemorySegment.ofArray(end));
      assertThat(end).containsExactly(0, 2.5f);
      byte[] same = new byte[2];
      tensor.data(Dtype.BF16).copyTo(2 * elements - 2, MemorySegment.ofArray(same));
      assertThat(same).containsExactly(0x20, 0x40);
      assertThatThrownBy(() -> tensor.named().toBytes())
          .hasMessage("tensor a of 3221225472 bytes does not fit into an array");
    }
  }

  @Test
  void aTensorBeyondTwoGigabytesIsWrittenInSlices() throws IOException {
    TensorInfo info = new TensorInfo("a", Dtype.F32, new long[] {3L << 28, 1});
    List<Long> places = new ArrayList<>();
    TensorData data =
        new TensorData() {
          @Override
          public long byteSize() {
            return info.bytes();
          }

          @Override
          public void copyTo(long from, MemorySegment into) {
            places.add(from);
            assertThat(into.byteSize()).isLessThanOrEqualTo(TensorData.SLICE);
          }
        };
    try (FileChannel out = FileChannel.open(Path.of("/dev/null"), StandardOpenOption.WRITE)) {
      AtomicFile.write(out, info, data);
    }
    assertThat(places).hasSize(768).startsWith(0L).endsWith((3L << 30) - TensorData.SLICE);
  }

  @Test
  void randomDamageIsAlwaysABadModelOrReadable() throws IOException {
    Path model = TinyModels.write(dir.resolve("m"), TinyModels.config());
    for (String name : List.of("model.safetensors", "config.json")) {
      byte[] good = Files.readAllBytes(model.resolve(name));
      int head = Math.min(good.length, 3000);
      Random random = new Random(11);
      for (int round = 0; round < 600; round++) {
        Files.write(model.resolve(name), damaged(good, head, random));
        checkNothingElseEscapes(model, name + " round " + round);
      }
      Files.write(model.resolve(name), good);
    }
  }

  private static byte[] damaged(byte[] good, int head, Random random) {
    byte[] bad = good.clone();
    int changes = 1 + random.nextInt(3);
    for (int i = 0; i < changes; i++) {
      int at = random.nextInt(head);
      bad[at] =
          switch (random.nextInt(4)) {
            case 0 -> (byte) random.nextInt(256);
            case 1 -> (byte) "{}[]\",:-0e9".charAt(random.nextInt(11));
            case 2 -> (byte) (bad[at] + 1);
            default -> (byte) (bad[at] ^ (1 << random.nextInt(8)));
          };
    }
    return switch (random.nextInt(5)) {
      case 0 -> Arrays.copyOf(bad, random.nextInt(bad.length));
      case 1 -> Arrays.copyOf(bad, bad.length + 1 + random.nextInt(64));
      default -> bad;
    };
  }

  private static void checkNothingElseEscapes(Path model, String round) {
    try (ModelDirectory directory = ModelDirectory.open(model)) {
      directory.check();
      for (String name : directory.weights().names()) {
        assertThat(name).isNotNull();
      }
    } catch (BadModel e) {
      assertThat(e).hasMessageNotContaining(model.toString());
      assertThat(e.getMessage().length()).isBetween(20, 700);
    } catch (RuntimeException | Error e) {
      fail(round + " threw " + e, e);
    }
  }

  private static NamedTensor floats(String name, long[] shape, float... values) {
    ByteBuffer data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) data.putFloat(value);
    return new NamedTensor(name, Dtype.F32, shape, data.flip());
  }
}
