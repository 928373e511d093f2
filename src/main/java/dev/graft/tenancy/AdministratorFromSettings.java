package dev.graft.tenancy;

import dev.graft.platform.MachineLacks;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.stereotype.Component;

/**
 * The administrator's key that the operator has chosen, such as a secret of the cluster: there
 * before the first request. Another value ends the one before; one that an administrator has ended
 * stays ended.
 */
@Component
class AdministratorFromSettings implements SmartInitializingSingleton {
  private static final Logger log = LoggerFactory.getLogger(AdministratorFromSettings.class);
  private static final String NAME = "from settings";

  /** As many as 256 random bits have in hexadecimal or more, less than in base 64. */
  private static final int SHORTEST = ApiKeys.PREFIX.length() + 43;

  private final @Nullable String secret;
  private final ApiKeys keys;

  AdministratorFromSettings(TenancyProperties settings, ApiKeys keys) {
    this.secret = settings.adminKey();
    this.keys = keys;
  }

  @Override
  public void afterSingletonsInstantiated() {
    if (secret == null || secret.isBlank()) return;
    if (!secret.startsWith(ApiKeys.PREFIX) || secret.length() < SHORTEST) {
      throw new MachineLacks(
          "graft.tenancy.admin-key (GRAFT_ADMIN_KEY) must be sk-graft- and 43 random characters or"
              + " more, such as sk-graft-$(openssl rand -hex 32)");
    }
    if (keys.keep(secret, NAME)) log.atInfo().log("administrator_from_settings");
  }
}
