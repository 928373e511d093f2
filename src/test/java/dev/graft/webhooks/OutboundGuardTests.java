package dev.graft.webhooks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.platform.RequestFailed;
import dev.graft.webhooks.OutboundClient.OutboundGuard;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nothing is sent to where only this server could reach. */
class OutboundGuardTests {
  private static final Map<String, List<String>> NAMES =
      Map.of(
          "public.test", List.of("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"),
          "inside.test", List.of("10.1.2.3"),
          "mixed.test", List.of("93.184.216.34", "127.0.0.1"));

  /** Knows a few names; numbers are read as Java reads them. */
  private static InetAddress[] resolved(String host) throws UnknownHostException {
    if (!host.endsWith("test")) return InetAddress.getAllByName(host);
    List<String> addresses = NAMES.get(host);
    if (addresses == null) throw new UnknownHostException(host);
    InetAddress[] found = new InetAddress[addresses.size()];
    for (int i = 0; i < found.length; i++) found[i] = InetAddress.getByName(addresses.get(i));
    return found;
  }

  private static OutboundGuard guard(String... allowed) {
    return new OutboundGuard(List.of(allowed), false, OutboundGuardTests::resolved);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://public.test",
        "https://public.test:8443/hooks?a=b",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/x"
      })
  void publicOnesAreTaken(String url) {
    assertThatCode(() -> guard().require(url)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://inside.test/",
        "https://mixed.test/",
        "https://unknown.test/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://localhost/",
        "https://0.0.0.0/",
        "https://0/",
        "https://10.0.0.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.0.0.1/",
        "https://192.0.2.1/",
        "https://192.88.99.1/",
        "https://192.168.1.1/",
        "https://198.18.0.1/",
        "https://198.19.255.255/",
        "https://198.51.100.1/",
        "https://203.0.113.1/",
        "https://224.0.0.1/",
        "https://239.1.1.1/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[::]/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:a00:1]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b:1::1]/",
        "https://[100::1]/",
        "https://[2001::1]/",
        "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
        "https://[2001:db8::1]/",
        "https://[2002:7f00:1::]/",
        "https://[2002:a00:1::]/",
        "https://[3fff::1]/",
        "https://[5f00::1]/",
        "https://[fc00::1]/",
        "https://[fd12:3456::1]/",
        "https://[fe80::1]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
        "http://public.test/",
        "ftp://public.test/",
        "file:///etc/passwd",
        "gopher://public.test/",
        "jar:https://public.test/!/",
        "//public.test/",
        "/hooks",
        "public.test",
        "https:public.test",
        "https:///hooks",
        "https://",
        "https://user@public.test/",
        "https://user:word@public.test/",
        "https://public.test@inside.test/",
        "https://public.test/#a",
        "https://public.test:0/",
        "https://public.test:65536/",
        "https://public.test:a/",
        "https://public_test/",
        "https://public.test\\@inside.test/",
        "https://public.test/ a",
        "https://public.test/\u65e5",
        "https://public.test\u3002evil.test/",
        "https://public.test/\r\nHost: inside.test",
        "https://inside.test%2f.public.test/",
        ""
      })
  void othersAreRefused(String url) {
    assertThatExceptionOfType(RequestFailed.class)
        .isThrownBy(() -> guard().require(url))
        .satisfies(refused -> assertThat(refused.param()).isEqualTo("url"));
  }

  @Test
  void aUrlHasAnEnd() {
    assertThatExceptionOfType(RequestFailed.class)
        .isThrownBy(() -> guard().require("https://public.test/" + "a".repeat(2000)));
  }

  @Test
  void anOperatorAllowsNetworks() throws UnknownHostException {
    OutboundGuard guard = guard("10.1.0.0/16", "fd00::/8");

    assertThat(guard.resolve("inside.test")).hasSize(1);
    assertThat(guard.resolve("fd12::1")).hasSize(1);
    assertThatExceptionOfType(OutboundGuard.Forbidden.class)
        .isThrownBy(() -> guard.resolve("10.2.0.1"));
  }

  /** A name that leads elsewhere once it has been looked at. */
  @Test
  void everyConnectionLooksAgain() throws UnknownHostException {
    Queue<String> answers = new ArrayDeque<>(List.of("93.184.216.34", "127.0.0.1"));
    OutboundGuard guard =
        new OutboundGuard(
            List.of(),
            false,
            host -> new InetAddress[] {InetAddress.getByName(String.valueOf(answers.poll()))});

    guard.require("https://rebound.test/");
    assertThatExceptionOfType(OutboundGuard.Forbidden.class)
        .isThrownBy(() -> guard.resolve("rebound.test"));
  }
}
