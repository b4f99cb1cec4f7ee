#!/bin/sh
# Runs inside the new root, in its own mount namespace: installs the packages given as arguments and settles the units.
set -eu
mount -t proc proc /proc
export DEBIAN_FRONTEND=noninteractive

printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
apt-get -q update
apt-get -q -y install --no-install-recommends "$@"
rm -f /usr/sbin/policy-rc.d
apt-get clean
apt-cache gencaches

# One host key, the one made at build time; sshd reads it from the drop-in.
rm -f /etc/ssh/ssh_host_rsa_key* /etc/ssh/ssh_host_ecdsa_key*
rm -f /etc/machine-id
systemd-machine-id-setup
passwd -l root >/dev/null

systemctl -q enable ssh.service systemd-networkd.service hdmi-source.service hdmi-sound.service
# What an emulated machine need not spend its boot on.
systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
  fstrim.timer systemd-networkd-wait-online.service systemd-hwdb-update.service systemd-binfmt.service \
  getty@tty1.service serial-getty@ttyS0.service \
  modprobe@configfs.service modprobe@drm.service modprobe@efi_pstore.service modprobe@fuse.service
mkdir -p /etc/systemd/system-generators
for generator in systemd-ssh-generator systemd-gpt-auto-generator systemd-cryptsetup-generator; do
  ln -sf /dev/null "/etc/systemd/system-generators/$generator"
done
# Docker loads its own profile; the hundred others cost half a minute of emulated boot.
systemctl -q mask apparmor.service
# "Nothing changed since the last boot": no first-boot rebuild of caches.
touch /etc/.updated /var/.updated
