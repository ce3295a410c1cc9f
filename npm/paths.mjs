// The program's file system: it has one tree of folders, on Windows with a folder for each drive.
//
// On Windows `C:\lab\mine.toml` is `/c/lab/mine.toml` to the program, and so it is in what it prints.
// Paths of the network (`\\server\share`) are no part of the tree.

export const isWindows = process.platform === 'win32';

/**
 * Returns the arguments as the program gets them, the folder in which it begins, and the folders of
 * the computer by their names in the tree.
 */
export function guest(args, folder, windows) {
    if (!windows) return { args, folder, preopens: { '/': '/' } };
    const drives = new Set();
    const path = (path) => {
        const drive = /^([A-Za-z]):(?=[\\/]|$)/.exec(path)?.[1].toLowerCase();
        if (drive === undefined) return path;
        drives.add(drive);
        return `/${drive}${slashed(path.slice(2)) || '/'}`;
    };
    const translated = {
        folder: path(folder),
        args: args.map((arg) => {
            // `--trace=C:\caps.jsonl` is an option and a path, `--set a="b\c"` has none.
            const [, option, value] = /^(--[a-z]+=)(.*)$/s.exec(arg) ?? [null, '', arg];
            return option + (/^\.{0,2}\\(?!\\)|^[\w .-]+\\/.test(value) ? slashed(value) : path(value));
        }),
    };
    const preopens = [...drives].map((drive) => [`/${drive}`, `${drive.toUpperCase()}:\\`]);
    return { ...translated, preopens: Object.fromEntries(preopens) };
}

const slashed = (path) => path.replaceAll('\\', '/');
