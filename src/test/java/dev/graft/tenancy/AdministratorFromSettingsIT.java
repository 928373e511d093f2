package dev.graft.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.pg.GraftIT;
import dev.graft.platform.MachineLacks;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.test.context.TestPropertySource;

@GraftIT
@TestPropertySource(
    properties = "graft.tenancy.admin-key=" + AdministratorFromSettingsIT.FROM_THE_START)
class AdministratorFromSettingsIT {
  static final String FROM_THE_START = "sk-graft-0123456789012345678901234567890123456789abc";

  @Autowired KeyAuthenticator authenticator;
  @Autowired ApiKeys keys;

  @Test
  void theKeyOfTheSettingsOpensTheOrganizationUntilTheyNameAnother() {
    assertThat(authenticator.authenticate(FROM_THE_START)).isPresent();
    start(FROM_THE_START);
    assertThat(keys.list(null)).hasSize(1);
    String other = FROM_THE_START.replace("abc", "xyz");
    start(other);
    assertThat(authenticator.authenticate(FROM_THE_START)).isEmpty();
    assertThat(authenticator.authenticate(other))
        .hasValueSatisfying(
            bearer -> assertThat(bearer.principal()).isInstanceOf(Identity.Administrator.class));
    keys.revoke(keys.list(null).getFirst().id());
    start(other);
    assertThat(authenticator.authenticate(other)).isEmpty();
  }

  @Test
  void aKeyThatCanBeGuessedIsRefused() {
    for (String weak : new String[] {"secret", "sk-graft-short", "a".repeat(60)}) {
      assertThatThrownBy(() -> start(weak))
          .isInstanceOf(MachineLacks.class)
          .hasMessageContaining("openssl rand")
          .hasMessageNotContaining(weak);
    }
  }

  private void start(String secret) {
    new ApiKeys.AdministratorFromSettings(new TenancyProperties(secret, 2, 1, 1, 1, "EUR"), keys)
        .afterSingletonsInstantiated();
  }
}
