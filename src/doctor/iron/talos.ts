import { major, minor, valid } from 'semver';
import type { Castle } from '../../castle/load.ts';
import { type Check, type Finding, failed, ofCastle, ok, skipped, warning } from '../check.ts';
import { type Platform, platformOf } from './inputs.ts';
import { usesLonghorn } from './longhorn.ts';

export const talosVar: Check = {
  id: 'iron.talos-var',
  why: 'Talos mounts /var noexec from 1.14 on, and Longhorn v1 runs its instance manager from there: every volume fails with `permission denied`.',
  look: ofCastle(async (castle, _, subject) => {
    const platform = await platformOf(castle, subject);
    if ('status' in platform) return platform;
    const version = talosVersion(platform, castle);
    if (version === undefined)
      return skipped('neither the inputs of the platform nor `toolchain.talosctl` tell the version of Talos');
    // The reference module opts out where its own input says that Longhorn is there, which it does by default.
    const text = platform.inputs['longhorn'] === false ? '' : platform.text;
    return judgeVar(version, await usesLonghorn(castle, subject), { text, whole: platform.whole });
  }),
};

/** `talos_version`, `talos.version`, or as it stands in the address of an image of Talos' factory; last, the pinned talosctl's. */
export function talosVersion(
  { inputs }: Pick<Platform, 'inputs'>,
  { toolchain }: Pick<Castle, 'toolchain'>,
): string | undefined {
  const all = JSON.stringify(inputs);
  const said =
    /"talos_version":"v?(\d+\.\d+\.\d+[^"]*)"/.exec(all) ??
    /"talos":\{[^{}]*"version":"v?(\d+\.\d+\.\d+[^"]*)"/.exec(all) ??
    /\/image\/[0-9a-f]{64}\/v(\d+\.\d+\.\d+[\w.-]*)\//.exec(all);
  const version = said?.[1] ?? toolchain.find(({ tool }) => tool === 'talosctl')?.version;
  return valid(version) ?? undefined;
}

/** `text` is that of the platform: the volume that is mounted otherwise is written there. `whole`: nothing of it is elsewhere. */
export function judgeVar(
  version: string,
  longhorn: boolean,
  { text, whole }: Pick<Platform, 'text' | 'whole'>,
): Finding {
  const from14 = major(version) > 1 || minor(version) >= 14;
  if (!from14) return ok(`Talos ${version} mounts /var so that programs run from there`);
  if (!longhorn)
    return ok(`Talos ${version} mounts /var noexec, and nothing of the castle is known to run from there`);
  const optsOut =
    /VolumeConfig/.test(text) && /EPHEMERAL/.test(text) && /["']?\bsecure["']?\s*[:=]\s*false/.test(text);
  if (optsOut) return ok(`Talos ${version} is told to mount /var (EPHEMERAL) without noexec, for Longhorn`);
  if (!whole)
    return warning(
      `Talos ${version} mounts /var noexec, the castle runs Longhorn, and the module of the platform is not on this machine to be read`,
      'See that its machine configuration has a VolumeConfig EPHEMERAL with `mount: { secure: false }`.',
    );
  return failed(
    `Talos ${version} mounts /var noexec, and the castle runs Longhorn`,
    'Add a document to the machine configuration: kind VolumeConfig, name EPHEMERAL, `mount: { secure: false }`; or stay on Talos 1.13.',
  );
}
