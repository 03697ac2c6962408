/** The loudest word there is: the castle is gone, and nothing has taken its place. `half`: not all of it is gone. */
export function stranded(
  castle: string,
  { witness, half }: { readonly witness: string | null; readonly half: boolean },
): string {
  const data = witness === null ? '' : ` The backup holds all up to the witness row ${witness}.`;
  const what = half ? 'HALF DESTROYED' : 'DESTROYED';
  const again = half
    ? 'it destroys what still stands, and rebuilds all of it'
    : 'it destroys nothing and goes on with the layers that are missing';
  return `${castle} IS ${what} AND NOT REBORN.${data} Mend what failed and run the same command again (\`${commandOf(castle)}\`): ${again}. By hand: \`phoenix rebirth\`, or \`terragrunt apply\` layer by layer in the order of \`phoenix plan\`; then restore the database from its backup repository (docs/destroy.md).`;
}

function commandOf(castle: string): string {
  return `phoenix rebirth --from-nothing --confirm ${castle}`;
}

/** How to go on with a rebirth from nothing, whatever it was at. */
export function goOnFromNothing(castle: string): string {
  return `Run the same command again (\`${commandOf(castle)}\`): it goes on from where it was.`;
}
