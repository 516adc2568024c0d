# fish completion of lastgood, printed by: lastgood completion fish
function __lastgood_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    for line in (command $program complete-words -- $words "$current" 2>/dev/null)
        switch $line
            case ':file'
                __fish_complete_path "$current"
            case ':dir'
                __fish_complete_directories "$current" ''
            case '*'
                echo $line
        end
    end
end
complete -c lastgood -f -a '(__lastgood_complete)'
